// Comms: the channels between objects of the program and their pictures in a front end (widgets). The program's side is
// Kayton's module `comm`, which hands its messages over as displays of a MIME type of its own; the front end's messages
// become runs of that module's receiver. This knows which comms are open.
// Any thread.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kernel/wire/message.h"

namespace kayton::kernel {

constexpr const char* kCommMime = "application/vnd.kayton.comm+json";

// What the program wants sent.
struct CommMessage {
    std::string type;  // "comm_open", "comm_msg", "comm_close"
    Json content;
    Json metadata;
};

class Comms {
  public:
    // A display of kCommMime, as JSON; nothing to send when it makes no sense, or only says that the module is there.
    [[nodiscard]] std::optional<CommMessage> take(const Json& display);
    // A front end has opened or closed one.
    void note(const Request& request);
    // The content of a comm_info_reply; an empty target: all.
    [[nodiscard]] Json info(const std::string& target) const;
    // The module of the program that hears what comes; empty: none does.
    [[nodiscard]] std::string receiver() const;
    // The program's side is gone; gives the comms that were open.
    [[nodiscard]] std::vector<std::string> forget();

  private:
    mutable std::mutex lock_;
    std::map<std::string, std::string> open_;  // comm_id, target
    std::string receiver_;
};

}  // namespace kayton::kernel
