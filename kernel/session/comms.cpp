#include "kernel/session/comms.h"

#include <optional>
#include <utility>

namespace kayton::kernel {

std::optional<CommMessage> Comms::take(const Json& display) {
    CommMessage message;
    message.type = text_of(display, "type");
    const std::string id = text_of(display, "comm_id");
    const std::lock_guard lock(lock_);
    if (const std::string receiver = text_of(display, "receiver"); receiver == "comm" || receiver == "ipywidgets") {
        receiver_ = receiver;
    }
    if (id.empty() || (message.type != "comm_open" && message.type != "comm_msg" && message.type != "comm_close")) {
        return std::nullopt;
    }
    const auto data = display.find("data");
    message.content = {{"comm_id", id}, {"data", data != display.end() && data->is_object() ? *data : Json::object()}};
    const auto metadata = display.find("metadata");
    message.metadata = metadata != display.end() && metadata->is_object() ? *metadata : Json::object();
    if (message.type == "comm_open") {
        const std::string target = text_of(display, "target_name");
        message.content["target_name"] = target;
        open_[id] = target;
    } else if (message.type == "comm_close") {
        open_.erase(id);
    }
    return message;
}

void Comms::note(const Request& request) {
    const std::string id = text_of(request.content, "comm_id");
    const std::lock_guard lock(lock_);
    if (request.is("comm_open")) {
        open_[id] = text_of(request.content, "target_name");
    } else if (request.is("comm_close")) {
        open_.erase(id);
    }
}

Json Comms::info(const std::string& target) const {
    Json comms = Json::object();
    const std::lock_guard lock(lock_);
    for (const auto& [id, name] : open_) {
        if (target.empty() || target == name) {
            comms[id] = {{"target_name", name}};
        }
    }
    return {{"status", "ok"}, {"comms", std::move(comms)}};
}

std::string Comms::receiver() const {
    const std::lock_guard lock(lock_);
    return receiver_;
}

std::vector<std::string> Comms::forget() {
    const std::lock_guard lock(lock_);
    std::vector<std::string> ids;
    for (const auto& [id, target] : std::exchange(open_, {})) {
        ids.push_back(id);
    }
    receiver_.clear();
    return ids;
}

}  // namespace kayton::kernel
