// Kernel: takes the requests of Jupyter's clients and sees to their answers. Its thread owns the sockets and never waits
// for a cell: cells run in the executor, questions about names are answered by a lane of their own, the rest at once.
// One thread, the program's main one; stop() may be called from a signal handler.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "kernel/session/executor.h"
#include "kernel/session/history.h"
#include "kernel/session/outbox.h"
#include "kernel/session/questions.h"
#include "kernel/wire/message.h"
#include "kernel/wire/sockets.h"

namespace kayton::kernel {

struct KernelOptions {
    ExecutorOptions executor;
    std::filesystem::path history_file;
    std::string lexer = "python3";  // Python's colours Kayton well where Kayton's own is not installed
};

class Kernel {
  public:
    Kernel(KernelOptions options, MessageCodec codec, Sockets& sockets);
    // Serves until a client asks for the end, the process that started us is gone, or a signal asks for it.
    void serve();

    // For signal handlers.
    static void request_stop();
    static void request_interrupt();

  private:
    void receive(ChannelKind channel, Frames frames);
    void handle(ChannelKind channel, Request request);
    void answer(ChannelKind channel, const Request& request);
    void refuse(ChannelKind channel, const Request& request, const std::string& name, const std::string& why);
    void answer_subshell(ChannelKind channel, const Request& request);
    void shut_down(ChannelKind channel, const Request& request);
    void welcome(const std::string& topic);
    void flush();

    MessageCodec codec_;
    Sockets& sockets_;
    Outbox outbox_;
    std::string lexer_;
    History history_;
    Executor executor_;
    Questions questions_;
    std::set<std::string> subshells_;
    bool ending_ = false;
};

}  // namespace kayton::kernel
