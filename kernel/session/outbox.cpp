#include "kernel/session/outbox.h"

#include <sys/eventfd.h>

#include <utility>

#include "shared/bytes.h"

namespace kayton::kernel {
namespace {

constexpr std::chrono::milliseconds kGather{20};
constexpr size_t kGathered = size_t{512} << 10;   // sent without waiting for more
constexpr size_t kMostWaiting = size_t{16} << 20;  // the program waits until some of it is sent

}  // namespace

Outbox::Outbox() : woken_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

void Outbox::put(Item item) {
    {
        const std::lock_guard lock(lock_);
        items_.push_back(std::move(item));
    }
    (void)::eventfd_write(woken_.get(), 1);
}

void Outbox::reply(ChannelKind channel, std::string type, const std::shared_ptr<const Parent>& parent,
                   const Json& content, const Json& metadata) {
    Item item;
    item.channel = channel;
    item.message.identities = parent->identities;
    item.message.type = std::move(type);
    item.message.parent = parent;
    item.message.metadata = to_text(metadata);
    item.message.content = to_text(content);
    put(std::move(item));
}

void Outbox::publish(std::string type, const std::shared_ptr<const Parent>& parent, const Json& content,
                     const Json& metadata) {
    Item item;
    item.message.identities = {"kayton." + type};
    item.message.type = std::move(type);
    item.message.parent = parent;
    item.message.metadata = to_text(metadata);
    item.message.content = to_text(content);
    put(std::move(item));
}

void Outbox::publish_status(const char* state, const std::shared_ptr<const Parent>& parent) {
    publish("status", parent, Json{{"execution_state", state}});
}

void Outbox::stream(bool error, std::string_view bytes, const std::shared_ptr<const Parent>& parent) {
    const char* name = error ? "stderr" : "stdout";
    // Output is bytes; a message holds text. Replaced here already, so that sizes stay known.
    std::string text = utf8_replaced(bytes);
    {
        std::unique_lock lock(lock_);
        room_.wait(lock, [&] { return stream_bytes_ < kMostWaiting || closed_; });
        stream_bytes_ += text.size();
        if (!items_.empty() && items_.back().stream == name && items_.back().message.parent == parent) {
            items_.back().text += text;
        } else {
            Item item;
            item.message.identities = {std::string("kayton.stream.") + name};
            item.message.type = "stream";
            item.message.parent = parent;
            item.stream = name;
            item.text = std::move(text);
            items_.push_back(std::move(item));
        }
    }
    (void)::eventfd_write(woken_.get(), 1);
}

void Outbox::close() {
    const std::lock_guard lock(lock_);
    closed_ = true;
    room_.notify_all();
}

std::vector<Outbox::Item> Outbox::take(Clock::time_point now) {
    eventfd_t count = 0;
    (void)::eventfd_read(woken_.get(), &count);
    std::vector<Item> taken;
    {
        const std::lock_guard lock(lock_);
        const bool keep_last = !items_.empty() && !items_.back().stream.empty() && now < stream_sent_ + kGather &&
                               items_.back().text.size() < kGathered;
        taken = std::move(items_);
        items_.clear();
        if (keep_last) {
            items_.push_back(std::move(taken.back()));
            taken.pop_back();
        }
        for (const Item& item : taken) {
            if (!item.stream.empty()) {
                stream_bytes_ -= item.text.size();
                stream_sent_ = now;
            }
        }
    }
    room_.notify_all();
    for (Item& item : taken) {
        if (!item.stream.empty()) {
            item.message.content = to_text(Json{{"name", item.stream}, {"text", item.text}});
        }
    }
    return taken;
}

std::optional<Outbox::Clock::time_point> Outbox::due() const {
    const std::lock_guard lock(lock_);
    if (items_.empty()) {
        return std::nullopt;
    }
    return stream_sent_ + kGather;
}

}  // namespace kayton::kernel
