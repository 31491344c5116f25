#include "kernel/session/kernel.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "kernel/messages/kernel_info.h"
#include "kernel/messages/is_complete.h"

namespace kayton::kernel {
namespace {

constexpr std::chrono::milliseconds kParentLook{1000};

std::atomic<bool> stop_requested{false};
std::atomic<int> interrupts_requested{0};
int signal_descriptor() {
    static const int descriptor = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor;
}

}  // namespace

void Kernel::request_stop() {
    stop_requested.store(true);
    (void)::eventfd_write(signal_descriptor(), 1);
}

void Kernel::request_interrupt() {
    interrupts_requested.fetch_add(1);
    (void)::eventfd_write(signal_descriptor(), 1);
}

Kernel::Kernel(KernelOptions options, MessageCodec codec, Sockets& sockets)
    : codec_(std::move(codec)),
      sockets_(sockets),
      lexer_(std::move(options.lexer)),
      history_(std::move(options.history_file)),
      executor_(std::move(options.executor), outbox_, history_),
      questions_(executor_, outbox_) {
    (void)signal_descriptor();
}

void Kernel::serve() {
    outbox_.publish_status("starting", nullptr);
    // Jupyter's launchers name themselves; a kernel whose launcher is gone has nobody left to serve.
    const pid_t launcher = std::getenv("JPY_PARENT_PID") != nullptr ? ::getppid() : 0;
    const Sockets::Handlers handlers{[this](ChannelKind channel, Frames frames) { receive(channel, std::move(frames)); },
                                     [this](const std::string& topic) { welcome(topic); }};
    while (!ending_) {
        flush();
        auto timeout = kParentLook;
        if (const auto due = outbox_.due()) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due - Outbox::Clock::now());
            timeout = std::clamp(left, std::chrono::milliseconds(0), kParentLook);
        }
        sockets_.turn(timeout, {outbox_.descriptor(), signal_descriptor()}, handlers);
        eventfd_t signals = 0;
        (void)::eventfd_read(signal_descriptor(), &signals);
        if (interrupts_requested.exchange(0) > 0) {
            executor_.interrupt();
        }
        ending_ = ending_ || stop_requested.load() || (launcher != 0 && ::getppid() != launcher);
    }
    executor_.stop();
    for (Outbox::Item& item : outbox_.take(Outbox::Clock::time_point::max())) {
        sockets_.send(item.channel, codec_.encode(item.message));
    }
}

void Kernel::flush() {
    for (Outbox::Item& item : outbox_.take(Outbox::Clock::now())) {
        sockets_.send(item.channel, codec_.encode(item.message));
    }
}

void Kernel::receive(ChannelKind channel, Frames frames) {
    auto request = codec_.decode(std::move(frames));
    if (!request) {
        std::fprintf(stderr, "kayton-kernel: dropped: %s\n", request.error().message.c_str());
        return;
    }
    handle(channel, std::move(*request));
}

void Kernel::handle(ChannelKind channel, Request request) {
    if (channel == ChannelKind::kStdin) {
        if (request.is("input_reply")) {
            executor_.answer_input(text_of(request.content, "value"));
        }
        return;
    }
    const std::string& subshell = request.parent->subshell;
    if (!subshell.empty() && !subshells_.contains(subshell)) {
        outbox_.publish_status("busy", request.parent);
        refuse(channel, request, "SubshellError", "there is no subshell " + subshell);
        outbox_.publish_status("idle", request.parent);
        executor_.tell_busy();
    } else if (request.is("execute_request") || request.is("comm_open") || request.is("comm_msg") ||
               request.is("comm_close")) {
        executor_.submit(std::move(request));
    } else if (request.is("complete_request") || request.is("inspect_request")) {
        questions_.submit(channel, std::move(request));
    } else {
        outbox_.publish_status("busy", request.parent);
        answer(channel, request);
        outbox_.publish_status("idle", request.parent);
        executor_.tell_busy();
    }
}

void Kernel::answer(ChannelKind channel, const Request& request) {
    if (request.is("kernel_info_request")) {
        outbox_.reply(channel, "kernel_info_reply", request.parent, kernel_info(lexer_));
    } else if (request.is("is_complete_request")) {
        outbox_.reply(channel, "is_complete_reply", request.parent, is_complete_reply(text_of(request.content, "code")));
    } else if (request.is("history_request")) {
        outbox_.reply(channel, "history_reply", request.parent, history_.answer(request.content));
    } else if (request.is("comm_info_request")) {
        outbox_.reply(channel, "comm_info_reply", request.parent,
                      executor_.comms().info(text_of(request.content, "target_name")));
    } else if (request.type.ends_with("_subshell_request")) {
        answer_subshell(channel, request);
    } else if (request.is("interrupt_request")) {
        executor_.interrupt();
        outbox_.reply(channel, "interrupt_reply", request.parent, {{"status", "ok"}});
    } else if (request.is("shutdown_request")) {
        shut_down(channel, request);
    } else {
        std::fprintf(stderr, "kayton-kernel: unknown message type: %s\n", request.type.c_str());
        refuse(channel, request, "NotImplementedError", "this kernel does not know " + request.type);
    }
}

// A request gets its reply, whatever it was; other messages have none.
void Kernel::refuse(ChannelKind channel, const Request& request, const std::string& name, const std::string& why) {
    if (request.type.ends_with("_request")) {
        const std::string type = request.type.substr(0, request.type.size() - 7) + "reply";
        outbox_.reply(channel, type, request.parent,
                      {{"status", "error"}, {"ename", name}, {"evalue", why}, {"traceback", Json::array()}});
    }
}

// Jupyter's JEP 91.
void Kernel::answer_subshell(ChannelKind channel, const Request& request) {
    if (request.is("create_subshell_request")) {
        const std::string id = *subshells_.insert(new_id()).first;
        outbox_.reply(channel, "create_subshell_reply", request.parent, {{"status", "ok"}, {"subshell_id", id}});
    } else if (request.is("list_subshell_request")) {
        outbox_.reply(channel, "list_subshell_reply", request.parent, {{"status", "ok"}, {"subshell_id", subshells_}});
    } else if (request.is("delete_subshell_request")) {
        const std::string id = text_of(request.content, "subshell_id");
        if (subshells_.erase(id) == 0) {
            return refuse(channel, request, "SubshellError", "there is no subshell " + id);
        }
        executor_.drop_subshell(id);
        outbox_.reply(channel, "delete_subshell_reply", request.parent, {{"status", "ok"}});
    } else {
        refuse(channel, request, "NotImplementedError", "this kernel does not know " + request.type);
    }
}

void Kernel::shut_down(ChannelKind channel, const Request& request) {
    const Json content{{"status", "ok"}, {"restart", flag_of(request.content, "restart", false)}};
    outbox_.reply(channel, "shutdown_reply", request.parent, content);
    outbox_.publish("shutdown_reply", request.parent, content);
    ending_ = true;
}

// A client learns from it that it misses nothing any more (Jupyter's JEP 65).
void Kernel::welcome(const std::string& topic) {
    OutgoingMessage message;
    message.identities = {topic};
    message.type = "iopub_welcome";
    message.content = to_text(Json{{"subscription", topic}});
    sockets_.send(ChannelKind::kIopub, codec_.encode(message));
}

}  // namespace kayton::kernel
