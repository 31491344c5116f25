#include "kernel/session/questions.h"

#include "kernel/messages/complete.h"

namespace kayton::kernel {

Questions::Questions(Executor& executor, Outbox& outbox)
    : executor_(executor), outbox_(outbox), thread_([this] { loop(); }) {}

Questions::~Questions() {
    {
        const std::lock_guard lock(lock_);
        stopping_ = true;
        changed_.notify_all();
    }
    thread_.join();
}

void Questions::submit(ChannelKind channel, Request request) {
    const std::lock_guard lock(lock_);
    waiting_.emplace_back(channel, std::move(request));
    changed_.notify_all();
}

void Questions::loop() {
    for (;;) {
        std::pair<ChannelKind, Request> next;
        {
            std::unique_lock lock(lock_);
            changed_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
            if (stopping_) {
                return;
            }
            next = std::move(waiting_.front());
            waiting_.pop_front();
        }
        answer(next.first, next.second);
    }
}

void Questions::answer(ChannelKind channel, const Request& request) {
    outbox_.publish_status("busy", request.parent);
    Cells* cells = executor_.cells();
    const bool complete = request.is("complete_request");
    const Json content = complete ? complete_reply(cells, request.content) : inspect_reply(cells, request.content);
    outbox_.reply(channel, complete ? "complete_reply" : "inspect_reply", request.parent, content);
    outbox_.publish_status("idle", request.parent);
    executor_.tell_busy();
}

}  // namespace kayton::kernel
