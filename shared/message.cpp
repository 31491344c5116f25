#include "shared/message.h"

#include <cstring>
#include <type_traits>

#define MSGPACK_NO_BOOST
#include <msgpack.hpp>

namespace kayton {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};

// --- encoding

class ByteSink {
  public:
    void write(const char* data, size_t size) {
        const size_t at = bytes_.size();
        bytes_.resize(at + size);
        std::memcpy(bytes_.data() + at, data, size);
    }
    [[nodiscard]] Bytes take() { return std::move(bytes_); }

  private:
    Bytes bytes_;
};

using Packer = msgpack::packer<ByteSink>;

void pack_strings(Packer& packer, const std::vector<std::string>& strings) {
    packer.pack_array(static_cast<uint32_t>(strings.size()));
    for (const std::string& text : strings) {
        packer.pack(text);
    }
}

void pack_pairs(Packer& packer, const std::vector<std::pair<std::string, uint64_t>>& pairs) {
    packer.pack_array(static_cast<uint32_t>(pairs.size() * 2));
    for (const auto& [name, number] : pairs) {
        packer.pack(name);
        packer.pack(number);
    }
}

void pack(Packer& packer, const Hello& hello) {
    packer.pack_array(6);
    packer.pack(hello.version);
    packer.pack(hello.pid);
    packer.pack(hello.code_base);
    packer.pack(hello.data_base);
    pack_pairs(packer, hello.symbols);
    pack_strings(packer, hello.missing_layers);
}

void pack(Packer& packer, const Finished& finished) {
    packer.pack_array(6);
    packer.pack(finished.run);
    packer.pack(finished.status);
    packer.pack(finished.exception_class);
    packer.pack(finished.message);
    packer.pack(finished.traceback);
    packer.pack(finished.leaks);
}

void pack(Packer& packer, const InputRequest& request) {
    packer.pack_array(2);
    packer.pack(request.id);
    packer.pack(request.prompt);
}

void pack(Packer& packer, const Display& display) {
    packer.pack_array(4);
    packer.pack(display.kind);
    packer.pack(display.id);
    packer.pack_array(static_cast<uint32_t>(display.data.size() * 2));
    for (const auto& [mime, text] : display.data) {
        packer.pack(mime);
        packer.pack(text);
    }
    packer.pack(display.last);
}

void pack(Packer& packer, const CheckpointMade& made) {
    packer.pack_array(2);
    packer.pack(made.id);
    packer.pack(made.error);
}

void pack(Packer& packer, const Resumed& resumed) {
    packer.pack_array(1);
    packer.pack(resumed.id);
}

void pack(Packer& packer, const ValuesSaved& saved) {
    packer.pack_array(1);
    pack_pairs(packer, saved.lost);
}

void pack(Packer& packer, const ValuesRestored& restored) {
    packer.pack_array(1);
    packer.pack(restored.good);
}

void pack(Packer& packer, const Setup& setup) {
    packer.pack_array(16);
    packer.pack(setup.environment_root);
    packer.pack(setup.bridge);
    packer.pack(setup.output_is_terminal);
    packer.pack(setup.one_program);
    packer.pack(setup.leak_check);
    pack_strings(packer, setup.sandbox.read_only);
    pack_strings(packer, setup.sandbox.read_write);
    pack_strings(packer, setup.sandbox.execute);
    packer.pack(setup.sandbox.temporary);
    packer.pack(setup.sandbox.max_open_files);
    packer.pack(setup.sandbox.max_memory);
    packer.pack(setup.sandbox.core_files);
    packer.pack(setup.sandbox.max_cpu_seconds);
    packer.pack(static_cast<uint8_t>(setup.sandbox.net));
    packer.pack(setup.sandbox.restrict_files);
    packer.pack(setup.sandbox.restrict_calls);
}

void pack(Packer& packer, const Source& source) {
    packer.pack_array(3);
    packer.pack(source.file);
    packer.pack(source.text);
    packer.pack(source.last);
}

void pack(Packer& packer, const Run& run) {
    packer.pack_array(4);
    packer.pack(run.id);
    packer.pack(run.entry);
    pack_strings(packer, run.argv);
    packer.pack(run.only_startup);
}

void pack(Packer& packer, const InputReply& reply) {
    packer.pack_array(4);
    packer.pack(reply.id);
    packer.pack(reply.end_of_file);
    packer.pack(reply.interrupted);
    packer.pack(reply.line);
}

void pack(Packer& packer, const Interrupt&) {
    packer.pack_array(0);
}
void pack(Packer& packer, const Shutdown&) {
    packer.pack_array(0);
}

void pack(Packer& packer, const Checkpoint& checkpoint) {
    packer.pack_array(2);
    packer.pack(checkpoint.id);
    packer.pack(checkpoint.whole);
}

void pack(Packer& packer, const SaveValues& save) {
    packer.pack_array(2);
    packer.pack(save.limit);
    pack_pairs(packer, save.globals);
}

void pack(Packer& packer, const RestoreValues& restore) {
    packer.pack_array(1);
    pack_pairs(packer, restore.globals);
}

template <typename Message>
EncodedMessage pack_as(FrameType type, const Message& message) {
    ByteSink sink;
    Packer packer(sink);
    pack(packer, message);
    return {type, sink.take()};
}

// --- decoding

// First pass: what the message would cost decoded, before anything is allocated for it.
class LimitVisitor : public msgpack::null_visitor {
  public:
    [[nodiscard]] Violation violation() const { return violation_; }

    bool visit_str(const char* text, uint32_t size) {
        return spend(sizeof(msgpack::object) + size) && (is_utf8({text, size}) || refuse(Violation::kInvalidUtf8));
    }
    bool visit_bin(const char*, uint32_t size) { return spend(sizeof(msgpack::object) + size); }
    bool visit_ext(const char*, uint32_t) { return refuse(Violation::kMalformed); }
    bool visit_nil() { return spend(sizeof(msgpack::object)); }
    bool visit_boolean(bool) { return spend(sizeof(msgpack::object)); }
    bool visit_positive_integer(uint64_t) { return spend(sizeof(msgpack::object)); }
    bool visit_negative_integer(int64_t) { return spend(sizeof(msgpack::object)); }
    bool visit_float32(float) { return spend(sizeof(msgpack::object)); }
    bool visit_float64(double) { return spend(sizeof(msgpack::object)); }
    // The elements count when they come; what is announced only has to be possible.
    bool start_array(uint32_t count) { return enter(count); }
    bool start_map(uint32_t count) { return enter(size_t{count} * 2); }
    bool end_array() { return leave(); }
    bool end_map() { return leave(); }
    void parse_error(size_t, size_t) { (void)refuse(Violation::kMalformed); }
    void insufficient_bytes(size_t, size_t) { (void)refuse(Violation::kMalformed); }

  private:
    bool refuse(Violation violation) {
        if (!refused_) {
            refused_ = true;
            violation_ = violation;
        }
        return false;
    }
    bool spend(size_t bytes) {
        spent_ += bytes;
        return spent_ <= kDecodedBudget || refuse(Violation::kOverBudget);
    }
    bool enter(size_t count) {
        if (++depth_ > kMaxDepth) {
            return refuse(Violation::kTooDeep);
        }
        if (count > kDecodedBudget / sizeof(msgpack::object)) {
            return refuse(Violation::kOverBudget);
        }
        return spend(sizeof(msgpack::object));
    }
    bool leave() {
        --depth_;
        return true;
    }

    bool refused_ = false;
    Violation violation_ = Violation::kMalformed;
    size_t spent_ = 0;
    size_t depth_ = 0;
};

// Takes the members of a message one after the other; the first that does not fit makes the whole message malformed.
class Members {
  public:
    explicit Members(const msgpack::object& object) {
        if (object.type == msgpack::type::ARRAY) {
            at_ = object.via.array.ptr;
            left_ = object.via.array.size;
        } else {
            good_ = false;
        }
    }

    template <typename Integer>
        requires std::is_integral_v<Integer>
    void take(Integer& value) {
        const msgpack::object* object = next();
        if (object == nullptr) {
            return;
        }
        if constexpr (std::is_same_v<Integer, bool>) {
            if (object->type == msgpack::type::BOOLEAN) {
                value = object->via.boolean;
                return;
            }
        } else if (object->type == msgpack::type::POSITIVE_INTEGER) {
            if (std::in_range<Integer>(object->via.u64)) {
                value = static_cast<Integer>(object->via.u64);
                return;
            }
        } else if (object->type == msgpack::type::NEGATIVE_INTEGER) {
            if (std::in_range<Integer>(object->via.i64)) {
                value = static_cast<Integer>(object->via.i64);
                return;
            }
        }
        good_ = false;
    }
    void take(std::string& text) {
        const msgpack::object* object = next();
        if (object != nullptr && object->type == msgpack::type::STR) {
            text.assign(object->via.str.ptr, object->via.str.size);
        } else {
            good_ = false;
        }
    }
    void take(std::vector<std::string>& strings) {
        each([&](Members& members) { members.take(strings.emplace_back()); });
    }
    void take(std::vector<std::pair<std::string, uint64_t>>& symbols) {
        each([&](Members& members) {
            auto& [name, address] = symbols.emplace_back();
            members.take(name);
            members.take(address);
        });
    }
    void take(std::vector<std::pair<std::string, std::string>>& texts) {
        each([&](Members& members) {
            auto& [name, text] = texts.emplace_back();
            members.take(name);
            members.take(text);
        });
    }
    [[nodiscard]] bool complete() const { return good_ && left_ == 0; }

  private:
    const msgpack::object* next() {
        if (!good_ || left_ == 0) {
            good_ = false;
            return nullptr;
        }
        --left_;
        return at_++;
    }
    template <typename TakeOne>
    void each(TakeOne take_one) {
        const msgpack::object* object = next();
        if (object == nullptr) {
            return;
        }
        Members inner(*object);
        while (inner.good_ && inner.left_ != 0) {
            take_one(inner);
        }
        good_ = inner.good_;
    }

    const msgpack::object* at_ = nullptr;
    size_t left_ = 0;
    bool good_ = true;
};

void take_members(Members& members, Hello& hello) {
    members.take(hello.version);
    members.take(hello.pid);
    members.take(hello.code_base);
    members.take(hello.data_base);
    members.take(hello.symbols);
    members.take(hello.missing_layers);
}

void take_members(Members& members, Finished& finished) {
    members.take(finished.run);
    members.take(finished.status);
    members.take(finished.exception_class);
    members.take(finished.message);
    members.take(finished.traceback);
    members.take(finished.leaks);
}

void take_members(Members& members, InputRequest& request) {
    members.take(request.id);
    members.take(request.prompt);
}

void take_members(Members& members, Display& display) {
    members.take(display.kind);
    members.take(display.id);
    members.take(display.data);
    members.take(display.last);
}

void take_members(Members& members, CheckpointMade& made) {
    members.take(made.id);
    members.take(made.error);
}

void take_members(Members& members, Resumed& resumed) {
    members.take(resumed.id);
}

void take_members(Members& members, ValuesSaved& saved) {
    members.take(saved.lost);
}

void take_members(Members& members, ValuesRestored& restored) {
    members.take(restored.good);
}

void take_members(Members& members, Setup& setup) {
    members.take(setup.environment_root);
    members.take(setup.bridge);
    members.take(setup.output_is_terminal);
    members.take(setup.one_program);
    members.take(setup.leak_check);
    members.take(setup.sandbox.read_only);
    members.take(setup.sandbox.read_write);
    members.take(setup.sandbox.execute);
    members.take(setup.sandbox.temporary);
    members.take(setup.sandbox.max_open_files);
    members.take(setup.sandbox.max_memory);
    members.take(setup.sandbox.core_files);
    members.take(setup.sandbox.max_cpu_seconds);
    uint8_t net = 0;
    members.take(net);
    setup.sandbox.net = static_cast<NetAccess>(net);
    members.take(setup.sandbox.restrict_files);
    members.take(setup.sandbox.restrict_calls);
}

void take_members(Members& members, Source& source) {
    members.take(source.file);
    members.take(source.text);
    members.take(source.last);
}

void take_members(Members& members, Run& run) {
    members.take(run.id);
    members.take(run.entry);
    members.take(run.argv);
    members.take(run.only_startup);
}

void take_members(Members& members, InputReply& reply) {
    members.take(reply.id);
    members.take(reply.end_of_file);
    members.take(reply.interrupted);
    members.take(reply.line);
}

void take_members(Members&, Interrupt&) {}
void take_members(Members&, Shutdown&) {}

void take_members(Members& members, Checkpoint& checkpoint) {
    members.take(checkpoint.id);
    members.take(checkpoint.whole);
}

void take_members(Members& members, SaveValues& save) {
    members.take(save.limit);
    members.take(save.globals);
}

void take_members(Members& members, RestoreValues& restore) {
    members.take(restore.globals);
}

template <typename Message, typename Variant>
tl::expected<Variant, Violation> decode_as(ByteView payload) {
    const std::string_view text = as_text(payload);
    LimitVisitor limits;
    size_t offset = 0;
    if (!msgpack::parse(text.data(), text.size(), offset, limits)) {
        return tl::unexpected(limits.violation());
    }
    if (offset != text.size()) {
        return tl::unexpected(Violation::kTrailingBytes);
    }
    try {
        offset = 0;
        const size_t count = kDecodedBudget / sizeof(msgpack::object);
        const msgpack::unpack_limit limit(count, count, text.size(), text.size(), 0, kMaxDepth + 1);
        const msgpack::object_handle handle = msgpack::unpack(
            text.data(), text.size(), offset, [](msgpack::type::object_type, size_t, void*) { return true; }, nullptr,
            limit);
        Members members(handle.get());
        Message message;
        take_members(members, message);
        if (!members.complete()) {
            return tl::unexpected(Violation::kMalformed);
        }
        return Variant(std::move(message));
    } catch (const std::exception&) {  // msgpack throws on limits and malformed input
        return tl::unexpected(Violation::kMalformed);
    }
}

}  // namespace

namespace {

EncodedMessage raw(FrameType type, const std::string& content) {
    const ByteView bytes = as_bytes(content);
    return {type, Bytes(bytes.begin(), bytes.end())};
}

}  // namespace

EncodedMessage encode(const WorkerMessage& message) {
    return std::visit(Overloaded{
                          [](const Hello& hello) { return pack_as(FrameType::kHello, hello); },
                          [](const Output& output) {
                              return raw(output.error ? FrameType::kStandardError : FrameType::kStandardOutput,
                                         output.bytes);
                          },
                          [](const Finished& finished) { return pack_as(FrameType::kFinished, finished); },
                          [](const InputRequest& request) { return pack_as(FrameType::kInputRequest, request); },
                          [](const Display& display) { return pack_as(FrameType::kDisplay, display); },
                          [](const CheckpointMade& made) { return pack_as(FrameType::kCheckpointMade, made); },
                          [](const Resumed& resumed) { return pack_as(FrameType::kResumed, resumed); },
                          [](const Values& values) { return raw(FrameType::kValues, values.bytes); },
                          [](const ValuesSaved& saved) { return pack_as(FrameType::kValuesSaved, saved); },
                          [](const ValuesRestored& restored) { return pack_as(FrameType::kValuesRestored, restored); },
                      },
                      message);
}

EncodedMessage encode(const SupervisorMessage& message) {
    return std::visit(Overloaded{
                          [](const Setup& setup) { return pack_as(FrameType::kSetup, setup); },
                          [](const Source& source) { return pack_as(FrameType::kSource, source); },
                          [](const Run& run) { return pack_as(FrameType::kRun, run); },
                          [](const InputReply& reply) { return pack_as(FrameType::kInputReply, reply); },
                          [](const Interrupt& interrupt) { return pack_as(FrameType::kInterrupt, interrupt); },
                          [](const Shutdown& shutdown) { return pack_as(FrameType::kShutdown, shutdown); },
                          [](const Checkpoint& checkpoint) { return pack_as(FrameType::kCheckpoint, checkpoint); },
                          [](const SaveValues& save) { return pack_as(FrameType::kSaveValues, save); },
                          [](const SavedValuesPiece& piece) { return raw(FrameType::kSavedValues, piece.bytes); },
                          [](const RestoreValues& restore) { return pack_as(FrameType::kRestoreValues, restore); },
                      },
                      message);
}

tl::expected<WorkerMessage, Violation> decode_from_worker(uint32_t type, ByteView payload) {
    switch (static_cast<FrameType>(type)) {
        case FrameType::kHello: return decode_as<Hello, WorkerMessage>(payload);
        case FrameType::kStandardOutput: return WorkerMessage(Output{false, std::string(as_text(payload))});
        case FrameType::kStandardError: return WorkerMessage(Output{true, std::string(as_text(payload))});
        case FrameType::kFinished: return decode_as<Finished, WorkerMessage>(payload);
        case FrameType::kInputRequest: return decode_as<InputRequest, WorkerMessage>(payload);
        case FrameType::kDisplay: return decode_as<Display, WorkerMessage>(payload);
        case FrameType::kCheckpointMade: return decode_as<CheckpointMade, WorkerMessage>(payload);
        case FrameType::kResumed: return decode_as<Resumed, WorkerMessage>(payload);
        case FrameType::kValues: return WorkerMessage(Values{std::string(as_text(payload))});
        case FrameType::kValuesSaved: return decode_as<ValuesSaved, WorkerMessage>(payload);
        case FrameType::kValuesRestored: return decode_as<ValuesRestored, WorkerMessage>(payload);
        default: return tl::unexpected(Violation::kUnknownType);
    }
}

tl::expected<SupervisorMessage, Violation> decode_from_supervisor(uint32_t type, ByteView payload) {
    switch (static_cast<FrameType>(type)) {
        case FrameType::kSetup: return decode_as<Setup, SupervisorMessage>(payload);
        case FrameType::kSource: return decode_as<Source, SupervisorMessage>(payload);
        case FrameType::kRun: return decode_as<Run, SupervisorMessage>(payload);
        case FrameType::kInputReply: return decode_as<InputReply, SupervisorMessage>(payload);
        case FrameType::kInterrupt: return decode_as<Interrupt, SupervisorMessage>(payload);
        case FrameType::kShutdown: return decode_as<Shutdown, SupervisorMessage>(payload);
        case FrameType::kCheckpoint: return decode_as<Checkpoint, SupervisorMessage>(payload);
        case FrameType::kSaveValues: return decode_as<SaveValues, SupervisorMessage>(payload);
        case FrameType::kSavedValues: return SupervisorMessage(SavedValuesPiece{std::string(as_text(payload))});
        case FrameType::kRestoreValues: return decode_as<RestoreValues, SupervisorMessage>(payload);
        default: return tl::unexpected(Violation::kUnknownType);
    }
}

}  // namespace kayton
