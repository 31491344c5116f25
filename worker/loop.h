// The worker's loop: takes messages from the supervisor, runs modules, and is the way by which output and input of the
// program leave the process. It owns the worker's end of the channel.
// One per process, used by the VM's one thread; on_interrupt is called from the signal handler of SIGUSR1.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shared/channel.h"
#include "shared/message.h"
#include "shared/result.h"

namespace kayton {

class Loop {
  public:
    explicit Loop(Channel channel) : channel_(std::move(channel)) {}

    // The first message; the supervisor has sent it before this process began.
    [[nodiscard]] Result<Setup> receive_setup();
    void send_hello(const Hello& hello) { send(hello); }
    // Hands a descriptor to the supervisor; before the hello.
    [[nodiscard]] bool send_descriptor(int descriptor) { return channel_.send_descriptor(descriptor); }
    // Serves until the supervisor says Shutdown or is gone.
    void serve();

    // Sends what the program writes, at once; a sleeping supervisor is woken for what a person waits for.
    void write_output(bool error, std::string_view bytes);
    // Sends what a front end is to show, in pieces when it is long.
    void show(Display display);

    enum class InputState { kLine, kEndOfFile, kInterrupted };
    // A line of the person's standard input, with its newline.
    [[nodiscard]] InputState read_input(std::string_view prompt, std::string& line);

    // Interrupts the open run if that is what the supervisor wants, once for each wish. Async-signal-safe.
    void on_interrupt();

  private:
    void send(const WorkerMessage& message);
    void send_frame(FrameType type, ByteView payload, bool quiet);
    // The next message; nothing when the wait was broken off by an interrupt of the open run. Interrupts are dealt with
    // here and not given out.
    [[nodiscard]] std::optional<SupervisorMessage> receive(bool interruptible);
    void run(const Run& run);
    void checkpoint(const Checkpoint& wanted);
    void save(const SaveValues& wanted);
    void restore(const RestoreValues& wanted);

    Channel channel_;
    Bytes payload_;
    Bytes saved_values_;  // arriving in pieces
    std::map<std::string, std::string> sources_;  // arriving in pieces
    std::atomic<uint64_t> open_run_{0};
    std::atomic<uint64_t> requested_interrupt_{0};  // the last wish of the supervisor that was passed on
    std::string unread_;                            // a line that came when the run was being interrupted
    uint64_t last_input_ = 0;
    bool output_is_terminal_ = false;
};

}  // namespace kayton
