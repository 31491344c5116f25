// Questions: requests about the text a person is writing (complete, inspect), answered one after the other by a thread of
// their own: the compiler knows the names, whether a cell runs or not.
// submit() may be called from any thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "kernel/session/executor.h"
#include "kernel/session/outbox.h"

namespace kayton::kernel {

class Questions {
  public:
    Questions(Executor& executor, Outbox& outbox);
    Questions(const Questions&) = delete;
    Questions& operator=(const Questions&) = delete;
    ~Questions();

    void submit(ChannelKind channel, Request request);

  private:
    void loop();
    void answer(ChannelKind channel, const Request& request);

    Executor& executor_;
    Outbox& outbox_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<std::pair<ChannelKind, Request>> waiting_;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace kayton::kernel
