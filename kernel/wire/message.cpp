#include "kernel/wire/message.h"

#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

#include "shared/bytes.h"

namespace kayton::kernel {
namespace {

constexpr std::string_view kDelimiter = "<IDS|MSG>";
constexpr size_t kSignaturesKept = 65'536;

// How deep brackets are nested outside of strings: the parser would build every level before anyone could look.
bool too_deep(std::string_view text) {
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') {
                ++i;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kMaxJsonDepth) {
                return true;
            }
        } else if ((c == ']' || c == '}') && depth > 0) {
            --depth;
        }
    }
    return false;
}

Result<Json> parse_object(std::string_view text, const char* part) {
    const auto wrong = [&](const char* what) {
        return fail(ErrorKind::kProtocol, std::string("a message's ") + part + " " + what);
    };
    if (text.size() > kMaxJson) {
        return wrong("is too long");
    }
    if (!is_utf8(text)) {
        return wrong("is not UTF-8");
    }
    if (too_deep(text)) {
        return wrong("is nested too deeply");
    }
    Json json = Json::parse(text, nullptr, false);
    if (!json.is_object()) {
        return wrong("is not a JSON object");
    }
    return json;
}

}  // namespace

std::string to_text(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string text_of(const Json& object, const char* name, std::string otherwise) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::move(otherwise);
}

bool flag_of(const Json& object, const char* name, bool otherwise) {
    const auto found = object.find(name);
    return found != object.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

int64_t number_of(const Json& object, const char* name, int64_t otherwise) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number_integer() ||
        (found->is_number_unsigned() && found->get<uint64_t>() > INT64_MAX)) {
        return otherwise;
    }
    return found->get<int64_t>();
}

std::string iso_time_now() {
    const auto now = std::chrono::system_clock::now();
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    const std::time_t seconds = micros / 1'000'000;
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 64> text;
    const int size = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", utc.tm_year + 1900,
                                   utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                                   static_cast<int>(micros % 1'000'000));
    return {text.data(), static_cast<size_t>(size)};
}

std::string new_id() {
    std::array<unsigned char, 16> bytes;
    (void)::RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
    std::string text;
    for (size_t i = 0; i < bytes.size(); ++i) {
        static constexpr std::string_view kDigits = "0123456789abcdef";
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            text += '-';
        }
        text += kDigits[bytes[i] >> 4U];
        text += kDigits[bytes[i] & 0xfU];
    }
    return text;
}

Result<Request> MessageCodec::decode(Frames frames) {
    const auto delimiter = std::find(frames.begin(), frames.end(), kDelimiter);
    if (frames.end() - delimiter < 6) {
        return fail(ErrorKind::kProtocol, "a message has too few parts");
    }
    const size_t at = static_cast<size_t>(delimiter - frames.begin());
    const std::string& signature = frames[at + 1];
    const std::array<std::string_view, 4> parts{frames[at + 2], frames[at + 3], frames[at + 4], frames[at + 5]};
    if (!signer_.verify(signature, parts)) {
        return fail(ErrorKind::kProtocol, "a message has a wrong signature");
    }
    if (!signature.empty()) {
        if (!seen_.insert(signature).second) {
            return fail(ErrorKind::kProtocol, "a message came twice");
        }
        seen_in_order_.push_back(signature);
        if (seen_in_order_.size() > kSignaturesKept) {
            seen_.erase(seen_in_order_.front());
            seen_in_order_.pop_front();
        }
    }
    auto header = parse_object(parts[0], "header");
    auto metadata = parse_object(parts[2], "metadata");
    auto content = parse_object(parts[3], "content");
    for (const auto* part : {&header, &metadata, &content}) {
        if (!*part) {
            return tl::unexpected(part->error());
        }
    }
    auto parent = std::make_shared<Parent>();
    parent->header = frames[at + 2];
    parent->id = text_of(*header, "msg_id");
    parent->session = text_of(*header, "session");
    parent->subshell = text_of(*header, "subshell_id");
    Request request;
    request.type = text_of(*header, "msg_type");
    if (parent->id.empty() || request.type.empty()) {
        return fail(ErrorKind::kProtocol, "a message's header has no msg_id or no msg_type");
    }
    request.metadata = std::move(*metadata);
    request.content = std::move(*content);
    request.buffers.assign(std::make_move_iterator(frames.begin() + static_cast<ptrdiff_t>(at) + 6),
                           std::make_move_iterator(frames.end()));
    frames.resize(at);
    parent->identities = std::move(frames);
    request.parent = std::move(parent);
    return request;
}

Frames MessageCodec::encode(const OutgoingMessage& message) {
    Json header{{"msg_id", session_ + "_" + std::to_string(::getpid()) + "_" + std::to_string(sent_++)},
                {"msg_type", message.type},
                {"username", "kayton"},
                {"session", session_},
                {"date", iso_time_now()},
                {"version", kProtocolVersion}};
    Frames frames = message.identities;
    frames.reserve(frames.size() + 6 + message.buffers.size());
    const std::string header_text = to_text(header);
    const std::string parent = message.parent == nullptr ? "{}" : message.parent->header;
    frames.emplace_back(kDelimiter);
    frames.push_back(signer_.sign({header_text, parent, message.metadata, message.content}));
    frames.push_back(header_text);
    frames.push_back(parent);
    frames.push_back(message.metadata);
    frames.push_back(message.content);
    frames.insert(frames.end(), message.buffers.begin(), message.buffers.end());
    return frames;
}

}  // namespace kayton::kernel
