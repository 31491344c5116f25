// Outbox: messages on their way from the threads that make them to the one thread that owns the sockets, in order.
// Output is gathered: a stream message that follows another within a few milliseconds is sent with what comes after it,
// so that a hundred thousand printed lines are some tens of messages and the first of them is there at once.
// Any thread may put; take() and the descriptor belong to the thread of the sockets.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/wire/message.h"
#include "shared/unique_fd.h"

namespace kayton::kernel {

enum class ChannelKind { kShell, kControl, kStdin, kIopub };

class Outbox {
  public:
    using Clock = std::chrono::steady_clock;
    struct Item {
        ChannelKind channel = ChannelKind::kIopub;
        OutgoingMessage message;
        std::string stream;  // "stdout", "stderr"; empty: another message
        std::string text;    // of the stream
    };

    Outbox();

    void reply(ChannelKind channel, std::string type, const std::shared_ptr<const Parent>& parent, const Json& content,
               const Json& metadata = Json::object());
    void publish(std::string type, const std::shared_ptr<const Parent>& parent, const Json& content,
                 const Json& metadata = Json::object());
    void publish_status(const char* state, const std::shared_ptr<const Parent>& parent);
    // Waits while very much output has not been taken.
    void stream(bool error, std::string_view text, const std::shared_ptr<const Parent>& parent);
    // The kernel ends: nobody waits for room any more.
    void close();

    [[nodiscard]] int descriptor() const { return woken_.get(); }  // readable after a put
    // What is to be sent now.
    [[nodiscard]] std::vector<Item> take(Clock::time_point now);
    // When the output that take() has kept back is to be sent.
    [[nodiscard]] std::optional<Clock::time_point> due() const;

  private:
    void put(Item item);

    UniqueFd woken_;
    mutable std::mutex lock_;
    std::condition_variable room_;
    std::vector<Item> items_;
    size_t stream_bytes_ = 0;
    bool closed_ = false;
    Clock::time_point stream_sent_{};
};

}  // namespace kayton::kernel
