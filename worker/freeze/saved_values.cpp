#include "worker/freeze/saved_values.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/str.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_registry.h"

namespace kayton {
namespace {

constexpr int kMaxDepth = 100'000;  // the stack has room for it
constexpr uint32_t kEnd = 0xffffffffU;

// What stands before an object.
enum Tag : uint8_t { kAbsentObject, kKnownObject, kNewObject };

class Writer {
  public:
    explicit Writer(size_t limit) : limit_(limit) {}

    // Everything of the variable, or nothing.
    bool variable(uint32_t index, const KtTypeInfo* type, const void* value) {
        const size_t mark = bytes_.size();
        added_.clear();
        reason_.clear();
        number(index);
        if (write(type, value)) {
            return true;
        }
        bytes_.resize(mark);
        for (const void* object : added_) {
            known_.erase(object);
        }
        next_ -= static_cast<uint32_t>(added_.size());
        return false;
    }
    [[nodiscard]] const std::string& reason() const { return reason_; }
    [[nodiscard]] Bytes take() {
        number(kEnd);
        return std::move(bytes_);
    }

  private:
    template <typename T>
    void number(T value) {
        raw(&value, sizeof value);
    }
    void raw(const void* data, size_t size) {
        const auto* from = static_cast<const std::byte*>(data);
        bytes_.insert(bytes_.end(), from, from + size);
    }
    void text(std::string_view value) {
        number(static_cast<uint64_t>(value.size()));
        raw(value.data(), value.size());
    }
    bool lose(std::string reason) {
        if (reason_.empty()) {
            reason_ = std::move(reason);
        }
        return false;
    }

    bool write(const KtTypeInfo* type, const void* value) {
        if (bytes_.size() > limit_) {
            return lose("too large");
        }
        if (++depth_ > kMaxDepth) {
            return lose("nested too deeply");
        }
        const bool written = write_kind(type, value);
        --depth_;
        return written;
    }
    bool write_kind(const KtTypeInfo* type, const void* value) {
        switch (type->kind) {
            case KT_KIND_NONE: return true;
            case KT_KIND_BOOL:
            case KT_KIND_INT:
            case KT_KIND_FLOAT:
            case KT_KIND_RANGE:
            case KT_KIND_SLICE: raw(value, type->size); return true;
            case KT_KIND_TUPLE:
                for (uint32_t i = 0; i < type->args_count; ++i) {
                    if (!write(type->args[i], static_cast<const char*>(value) + type->offsets[i])) {
                        return false;
                    }
                }
                return true;
            case KT_KIND_UNION:
            case KT_KIND_DYNAMIC: {
                const auto* held = static_cast<const KtValue*>(value);
                const KtTypeInfo* inner = held->type != nullptr ? held->type : &kt_type_none;
                text(inner->name);
                return inner->kind == KT_KIND_NONE || write(inner, payload_address(*held));
            }
            case KT_KIND_OPTIONAL: return write_object(type->args[0], value);
            default: return write_object(type, value);
        }
    }

    bool write_object(const KtTypeInfo* type, const void* value) {
        const auto* object = *static_cast<KtObject* const*>(value);
        if (object == nullptr) {
            number(kAbsentObject);
            return true;
        }
        if (const auto known = known_.find(object); known != known_.end()) {
            number(kKnownObject);
            number(known->second);
            return true;
        }
        switch (type->kind) {
            case KT_KIND_STR:
            case KT_KIND_BYTES:
            case KT_KIND_LIST:
            case KT_KIND_DICT:
            case KT_KIND_SET:
            case KT_KIND_CLASS: break;
            case KT_KIND_HANDLE: return lose(std::string("a value of the crate type ") + object->type->name);
            case KT_KIND_FUNCTION: return lose("a function");
            case KT_KIND_FILE: return lose("an open file");
            case KT_KIND_ITERATOR: return lose("an iterator");
            case KT_KIND_EXCEPTION: return lose("an exception");
            default: return lose(std::string("a value of type ") + type->name);
        }
        number(kNewObject);
        known_.emplace(object, next_++);
        added_.push_back(object);
        text(object->type->name);
        return write_content(object);
    }

    bool write_content(const KtObject* object) {
        const KtTypeInfo* type = object->type;
        switch (type->kind) {
            case KT_KIND_STR: {
                const auto* str = reinterpret_cast<const KtStr*>(object);
                text({str->data, static_cast<size_t>(str->byte_len)});
                return true;
            }
            case KT_KIND_BYTES: {
                const auto* data = reinterpret_cast<const KtBytes*>(object);
                text({reinterpret_cast<const char*>(data->data), static_cast<size_t>(data->length)});
                return true;
            }
            case KT_KIND_LIST: {
                const auto* list = reinterpret_cast<const KtList*>(object);
                const KtTypeInfo* element = type->args[0];
                number(list->length);
                for (int64_t i = 0; i < list->length; ++i) {
                    if (!write(element, static_cast<const char*>(list->data) + i * element->size)) {
                        return false;
                    }
                }
                return true;
            }
            case KT_KIND_DICT:
            case KT_KIND_SET: {
                const auto* table = reinterpret_cast<const KtDict*>(object);
                number(table->used);
                for (int64_t at = 0; at < table->filled; ++at) {
                    const char* entry = table->entries + at * table->entry_size;
                    uint64_t mark = 0;
                    std::memcpy(&mark, entry, sizeof mark);
                    if ((mark & kLiveEntry) == 0) {
                        continue;
                    }
                    if (!write(type->args[0], entry + kKeyOffset) ||
                        (!is_set(table) && !write(type->args[1], entry + table->value_offset))) {
                        return false;
                    }
                }
                return true;
            }
            default:
                for (uint32_t i = 0; i < type->args_count; ++i) {
                    if (!write(type->args[i], reinterpret_cast<const char*>(object) + type->offsets[i])) {
                        return false;
                    }
                }
                return true;
        }
    }

    size_t limit_;
    Bytes bytes_;
    std::unordered_map<const void*, uint32_t> known_;
    std::vector<const void*> added_;  // by the variable at hand
    uint32_t next_ = 0;
    int depth_ = 0;
    std::string reason_;
};

// Reads what a Writer wrote. Wrong bytes end it: `good` turns false, and nothing more is built.
class Reader {
  public:
    explicit Reader(ByteView bytes) : bytes_(bytes) {}

    [[nodiscard]] bool good() const { return good_; }
    template <typename T>
    T number() {
        T value{};
        take(&value, sizeof value);
        return value;
    }
    // Fills uninitialised storage; after a failure it holds a value that may be released.
    void read(const KtTypeInfo* type, void* to) {
        std::memset(to, 0, type->size);
        if (!good_) {
            return;
        }
        switch (type->kind) {
            case KT_KIND_NONE: return;
            case KT_KIND_BOOL:
            case KT_KIND_INT:
            case KT_KIND_FLOAT:
            case KT_KIND_RANGE:
            case KT_KIND_SLICE: take(to, type->size); return;
            case KT_KIND_TUPLE:
                for (uint32_t i = 0; i < type->args_count; ++i) {
                    read(type->args[i], static_cast<char*>(to) + type->offsets[i]);
                }
                return;
            case KT_KIND_UNION:
            case KT_KIND_DYNAMIC: read_held(static_cast<KtValue*>(to)); return;
            case KT_KIND_OPTIONAL: *static_cast<KtObject**>(to) = read_object(type->args[0]); return;
            default: *static_cast<KtObject**>(to) = read_object(type); return;
        }
    }

  private:
    void take(void* to, size_t size) {
        good_ = good_ && size <= bytes_.size() - at_;
        if (good_ && size != 0) {
            std::memcpy(to, bytes_.data() + at_, size);
            at_ += size;
        }
    }
    std::string_view text() {
        const auto size = number<uint64_t>();
        good_ = good_ && size <= bytes_.size() - at_;
        if (!good_) {
            return {};
        }
        const std::string_view result(reinterpret_cast<const char*>(bytes_.data()) + at_, size);
        at_ += size;
        return result;
    }
    const KtTypeInfo* type() {
        const KtTypeInfo* found = intern_type(text());
        good_ = good_ && found != nullptr;
        return found;
    }

    void read_held(KtValue* to) {
        *to = KtValue{&kt_type_none, 0};
        const KtTypeInfo* inner = type();
        if (!good_ || inner->kind == KT_KIND_NONE) {
            return;
        }
        std::vector<uint64_t> storage(inner->size / sizeof(uint64_t) + 1);
        read(inner, storage.data());
        *to = make_value(inner, storage.data());
        kt_value_release(inner, storage.data());
    }

    KtObject* read_object(const KtTypeInfo* expected) {
        switch (number<Tag>()) {
            case kAbsentObject: return nullptr;
            case kKnownObject: {
                const auto index = number<uint32_t>();
                good_ = good_ && index < objects_.size() && objects_[index]->type->kind == expected->kind;
                if (!good_) {
                    return nullptr;
                }
                retain(objects_[index]);
                return objects_[index];
            }
            case kNewObject: break;
            default: good_ = false; return nullptr;
        }
        const KtTypeInfo* found = type();
        good_ = good_ && found->kind == expected->kind;
        return good_ ? read_content(found) : nullptr;
    }

    // The object may be meant by what it holds: it is known before that is read.
    template <typename T>
    T* made(T* object) {
        objects_.push_back(reinterpret_cast<KtObject*>(object));
        return object;
    }
    KtObject* read_content(const KtTypeInfo* type) {
        switch (type->kind) {
            case KT_KIND_STR: {
                const std::string_view value = text();
                good_ = good_ && is_utf8(value);
                return reinterpret_cast<KtObject*>(made(str_new(good_ ? value : std::string_view())));
            }
            case KT_KIND_BYTES: {
                const std::string_view value = text();
                auto* bytes = made(static_cast<KtBytes*>(object_alloc(type, sizeof(KtBytes) + value.size())));
                bytes->length = static_cast<int64_t>(value.size());
                bytes->hash = 0;
                std::memcpy(bytes->data, value.data(), value.size());
                return &bytes->base;
            }
            case KT_KIND_LIST: return read_list(type);
            case KT_KIND_DICT:
            case KT_KIND_SET: return read_table(type);
            default: {
                auto* object = made(static_cast<KtObject*>(kt_object_new(type)));
                for (uint32_t i = 0; i < type->args_count; ++i) {
                    read(type->args[i], reinterpret_cast<char*>(object) + type->offsets[i]);
                }
                return object;
            }
        }
    }
    KtObject* read_list(const KtTypeInfo* type) {
        const auto length = number<int64_t>();
        const uint32_t size = type->args[0]->size;
        // None takes no bytes; everything else takes one or more.
        good_ = good_ && length >= 0 &&
                (type->args[0]->kind == KT_KIND_NONE || static_cast<uint64_t>(length) <= bytes_.size() - at_);
        auto* list = made(kt_list_new(type, good_ ? length : 0));
        for (int64_t i = 0; good_ && i < length; ++i) {
            read(type->args[0], static_cast<char*>(list->data) + i * size);
            ++list->length;
        }
        return &list->base;
    }
    KtObject* read_table(const KtTypeInfo* type) {
        const bool set = type->kind == KT_KIND_SET;
        const auto used = number<int64_t>();
        auto* table = made(table_new(type));
        std::vector<uint64_t> key(type->args[0]->size / sizeof(uint64_t) + 1);
        for (int64_t i = 0; good_ && i < used; ++i) {
            read(type->args[0], key.data());
            char* entry = nullptr;
            bool added = false;
            if (good_ && table_insert(table, key.data(), &entry, &added) != KT_OK) {
                release(kt_exception_take());  // a class whose hash fails: as wrong as wrong bytes
                good_ = false;
            }
            good_ = good_ && added;
            if (good_ && !set) {
                // Reading the value may grow the table only where the value holds the table itself.
                std::vector<uint64_t> value(type->args[1]->size / sizeof(uint64_t) + 1);
                read(type->args[1], value.data());
                if (table_lookup(table, key.data(), &entry) == KT_OK && entry != nullptr) {
                    std::memcpy(entry + table->value_offset, value.data(), type->args[1]->size);
                }
            }
            kt_value_release(type->args[0], key.data());
        }
        return &table->base;
    }

    ByteView bytes_;
    size_t at_ = 0;
    bool good_ = true;
    std::vector<KtObject*> objects_;
};

}  // namespace

SavedValues save_values(const std::vector<GlobalPlace>& globals, size_t limit) {
    Writer writer(limit);
    SavedValues saved;
    for (size_t index = 0; index < globals.size(); ++index) {
        const KtTypeInfo* type = intern_type(globals[index].signature);
        if (type == nullptr) {
            saved.lost.emplace_back("a value of type " + globals[index].signature, index);
            continue;
        }
        const auto* value = reinterpret_cast<const char*>(globals[index].address);
        // A pointer that is never null says it by itself.
        const bool bound = std::any_of(value, value + type->size + 1, [](char byte) { return byte != 0; });
        if (bound && !writer.variable(static_cast<uint32_t>(index), type, value)) {
            saved.lost.emplace_back(writer.reason(), index);
        }
    }
    saved.bytes = writer.take();
    return saved;
}

bool restore_values(const std::vector<GlobalPlace>& globals, ByteView bytes) {
    Reader reader(bytes);
    for (;;) {
        const auto index = reader.number<uint32_t>();
        if (!reader.good() || index == kEnd) {
            return reader.good();
        }
        const KtTypeInfo* type = index < globals.size() ? intern_type(globals[index].signature) : nullptr;
        if (type == nullptr) {
            return false;
        }
        auto* value = reinterpret_cast<char*>(globals[index].address);
        reader.read(type, value);
        value[type->size] = reader.good() ? 1 : 0;
    }
}

}  // namespace kayton
