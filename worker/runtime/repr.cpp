#include "worker/runtime/repr.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/file.h"
#include "worker/runtime/float_format.h"
#include "worker/runtime/iterators.h"
#include "worker/runtime/list.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/unicode.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

void escape(TextBuilder& builder, char32_t c) {
    char text[12];
    const auto code = static_cast<uint32_t>(c);
    const auto end = code < 0x100     ? fmt::format_to(text, "\\x{:02x}", code)
                     : code < 0x10000 ? fmt::format_to(text, "\\u{:04x}", code)
                                      : fmt::format_to(text, "\\U{:08x}", code);
    builder.add(std::string_view(text, static_cast<size_t>(end - text)));
}

char quote_for(std::string_view text) {
    const bool single = text.find('\'') != std::string_view::npos;
    return single && text.find('"') == std::string_view::npos ? '"' : '\'';
}

// A container on the way: seen again inside itself it is shown as [...].
class Shown {
  public:
    explicit Shown(const void* object)
        : again_(std::find(vm.being_shown.begin(), vm.being_shown.end(), object) != vm.being_shown.end()) {
        vm.being_shown.push_back(object);
    }
    ~Shown() { vm.being_shown.pop_back(); }
    Shown(const Shown&) = delete;
    Shown& operator=(const Shown&) = delete;
    [[nodiscard]] bool again() const { return again_; }

  private:
    bool again_;
};

// What a front end shows of a large container: repr() as such gives all of it. Only for the text of the value itself; what
// a program's __repr__ makes of its own containers is whole.
constexpr int64_t kMostShown = 1000;
bool shorten_next = false;
bool shortening = false;

// The mode of one kt_repr: the wish for the next one is used up.
class Shortening {
  public:
    Shortening() : outer_(std::exchange(shortening, std::exchange(shorten_next, false))) {}
    ~Shortening() { shortening = outer_; }
    Shortening(const Shortening&) = delete;
    Shortening& operator=(const Shortening&) = delete;

  private:
    bool outer_;
};

int32_t check_stack() {
    const char here = 0;
    if (&here >= kt_stack_limit && vm.being_shown.size() < 20000) return KT_OK;
    return raise(Exc::RecursionError, "maximum recursion depth exceeded while getting the repr of an object");
}

int32_t repr_list(TextBuilder& builder, KtList* list) {
    const Shown shown(list);
    if (shown.again()) {
        builder.add("[...]");
        return KT_OK;
    }
    if (check_stack() != KT_OK) return KT_ERROR;
    const std::string_view flavour = flavour_of(list->base.type);
    const bool tuple = flavour == "tuple";
    if (flavour == "deque") builder.add("deque(");
    builder.add(tuple ? '(' : '[');
    for (int64_t i = 0; i < list->length; ++i) {
        if (i > 0) builder.add(", ");
        if (i == kMostShown && shortening) {
            builder.add("...");
            break;
        }
        if (repr_into(builder, element_type(list), element_at(list, i)) != KT_OK) return KT_ERROR;
    }
    if (tuple) {
        builder.add(list->length == 1 ? ",)" : ")");
    } else {
        builder.add(flavour == "deque" ? "])" : "]");
    }
    return KT_OK;
}

// The keys and values of a table; a Counter's with the greatest counts first.
std::vector<std::pair<void*, void*>> items_to_show(KtDict* table, bool by_count) {
    std::vector<std::pair<void*, void*>> items;
    int64_t position = 0;
    void* key;
    void* value;
    while (kt_dict_next(table, &position, &key, &value)) items.emplace_back(key, value);
    if (by_count && value_type(table)->kind == KT_KIND_INT)
        std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
            return *static_cast<const int64_t*>(a.second) > *static_cast<const int64_t*>(b.second);
        });
    return items;
}

int32_t repr_table(TextBuilder& builder, KtDict* table) {
    const bool set = is_set(table);
    const std::string_view flavour = flavour_of(reinterpret_cast<KtObject*>(table)->type);
    const bool pairs = flavour == "OrderedDict";
    if (table_length(table) == 0 && (pairs || flavour == "Counter" || flavour == "frozenset")) {
        builder.add(flavour);
        builder.add("()");
        return KT_OK;
    }
    if (set && table_length(table) == 0) {
        builder.add("set()");
        return KT_OK;
    }
    const Shown shown(table);
    if (shown.again()) {
        builder.add(set ? "set(...)" : "{...}");
        return KT_OK;
    }
    if (check_stack() != KT_OK) return KT_ERROR;
    const bool named = flavour != "dict" && flavour != "set";
    if (named) {
        builder.add(flavour);
        builder.add('(');
    }
    if (flavour == "defaultdict") {
        // Its flavour names the factory: "defaultdict:int".
        std::string_view factory = reinterpret_cast<KtObject*>(table)->type->name;
        factory = factory.substr(0, factory.find('['));
        factory = factory.find(':') == std::string_view::npos ? std::string_view("None") : factory.substr(factory.find(':') + 1);
        builder.add(factory == "None" ? std::string_view("None") : std::string_view(fmt::format("<class '{}'>", factory)));
        builder.add(", ");
    }
    builder.add(pairs ? '[' : '{');
    int64_t count = 0;
    for (const auto& [key, value] : items_to_show(table, flavour == "Counter")) {
        if (count > 0) builder.add(", ");
        if (count++ == kMostShown && shortening) {
            builder.add("...");
            break;
        }
        if (pairs) builder.add('(');
        if (repr_into(builder, key_type(table), key) != KT_OK) return KT_ERROR;
        if (set) continue;
        builder.add(pairs ? ", " : ": ");
        if (repr_into(builder, value_type(table), value) != KT_OK) return KT_ERROR;
        if (pairs) builder.add(')');
    }
    builder.add(pairs ? ']' : '}');
    if (named) builder.add(')');
    return KT_OK;
}

int32_t repr_tuple(TextBuilder& builder, const KtTypeInfo* type, const void* value) {
    builder.add('(');
    for (uint32_t i = 0; i < type->args_count; ++i) {
        if (i > 0) builder.add(", ");
        if (repr_into(builder, type->args[i], static_cast<const char*>(value) + type->offsets[i]) != KT_OK)
            return KT_ERROR;
    }
    builder.add(type->args_count == 1 ? ",)" : ")");
    return KT_OK;
}

// By reference: the call that gives the status writes the text, in whatever order arguments are evaluated.
int32_t add_result(TextBuilder& builder, int32_t status, KtStr* const& text) {
    if (status != KT_OK) return status;
    builder.add(text);
    release(text);
    return KT_OK;
}

void add_address(TextBuilder& builder, std::string_view what, const void* object) {
    builder.add(std::string_view(fmt::format("<{} at {:#x}>", what, reinterpret_cast<uintptr_t>(object))));
}

std::string qualified(const KtTypeInfo* type) {
    const std::string_view name = type->name;
    if (name.find('.') != std::string_view::npos || builtin_exception(name) == type) return std::string(name);
    return "__main__." + std::string(name);
}

int32_t repr_exception(TextBuilder& builder, KtException* exception) {
    builder.add(short_name(exception->base.type));
    if (exception->args == nullptr) {
        builder.add('(');
        if (exception->text != nullptr) quote_text(builder, view(exception->text), false);
        builder.add(')');
        return KT_OK;
    }
    builder.add('(');
    for (int64_t i = 0; i < exception->args->length; ++i) {
        if (i > 0) builder.add(", ");
        if (repr_into(builder, &kt_type_dynamic, element_at(exception->args, i)) != KT_OK) return KT_ERROR;
    }
    builder.add(')');
    return KT_OK;
}

int32_t repr_object(TextBuilder& builder, KtObject* object) {
    const KtTypeInfo* type = object->type;
    if (type->ops != nullptr && type->ops->repr != nullptr) {
        if (check_stack() != KT_OK) return KT_ERROR;
        KtStr* text = nullptr;
        return add_result(builder, type->ops->repr(object, &text), text);
    }
    if (type->kind == KT_KIND_EXCEPTION) return repr_exception(builder, reinterpret_cast<KtException*>(object));
    add_address(builder, qualified(type) + " object", object);
    return KT_OK;
}

void add_bound(TextBuilder& builder, int64_t bound) {
    if (bound == kAbsent)
        builder.add("None");
    else
        add_int(builder, bound);
}

}  // namespace

void shorten_next_repr() {
    shorten_next = true;
}

void add_int(TextBuilder& builder, int64_t value) {
    char* at = builder.reserve(24);
    builder.advance(static_cast<size_t>(std::to_chars(at, at + 24, value).ptr - at));
}

void quote_text(TextBuilder& builder, std::string_view text, bool ascii_only) {
    const char quote = quote_for(text);
    builder.add(quote);
    const char* at = text.data();
    const char* end = at + text.size();
    while (at < end) {
        const char* start = at;
        const char32_t c = decode_next(at);
        if (c == static_cast<char32_t>(quote) || c == '\\') {
            builder.add('\\');
            builder.add(static_cast<char>(c));
        } else if (c == '\n') {
            builder.add("\\n");
        } else if (c == '\r') {
            builder.add("\\r");
        } else if (c == '\t') {
            builder.add("\\t");
        } else if (!is_printable(c) || (ascii_only && c >= 0x80)) {
            escape(builder, c);
        } else {
            builder.add(std::string_view(start, static_cast<size_t>(at - start)));
        }
    }
    builder.add(quote);
}

void quote_bytes(TextBuilder& builder, std::string_view data) {
    const char quote = quote_for(data);
    builder.add('b');
    builder.add(quote);
    for (const char c : data) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == quote || c == '\\') {
            builder.add('\\');
            builder.add(c);
        } else if (c == '\n') {
            builder.add("\\n");
        } else if (c == '\r') {
            builder.add("\\r");
        } else if (c == '\t') {
            builder.add("\\t");
        } else if (byte < 32 || byte >= 127) {
            escape(builder, byte);
        } else {
            builder.add(c);
        }
    }
    builder.add(quote);
}

int32_t repr_into(TextBuilder& builder, const KtTypeInfo* type, const void* value) {
    switch (type->kind) {
        case KT_KIND_NONE: builder.add("None"); return KT_OK;
        case KT_KIND_BOOL: builder.add(*static_cast<const uint8_t*>(value) ? "True" : "False"); return KT_OK;
        case KT_KIND_INT: add_int(builder, *static_cast<const int64_t*>(value)); return KT_OK;
        case KT_KIND_FLOAT: {
            char* at = builder.reserve(32);
            builder.advance(static_cast<size_t>(write_float_repr(*static_cast<const double*>(value), at)));
            return KT_OK;
        }
        case KT_KIND_STR: quote_text(builder, view(*static_cast<KtStr* const*>(value)), false); return KT_OK;
        case KT_KIND_BYTES: quote_bytes(builder, view(*static_cast<KtBytes* const*>(value))); return KT_OK;
        case KT_KIND_LIST: return repr_list(builder, *static_cast<KtList* const*>(value));
        case KT_KIND_DICT:
        case KT_KIND_SET: return repr_table(builder, *static_cast<KtDict* const*>(value));
        case KT_KIND_TUPLE: return repr_tuple(builder, type, value);
        case KT_KIND_RANGE: {
            const auto* range = static_cast<const KtRange*>(value);
            builder.add("range(");
            add_int(builder, range->start);
            builder.add(", ");
            add_int(builder, range->stop);
            if (range->step != 1) {
                builder.add(", ");
                add_int(builder, range->step);
            }
            builder.add(')');
            return KT_OK;
        }
        case KT_KIND_SLICE: {
            const auto* slice = static_cast<const KtRange*>(value);
            builder.add("slice(");
            add_bound(builder, slice->start);
            builder.add(", ");
            add_bound(builder, slice->stop);
            builder.add(", ");
            add_bound(builder, slice->step);
            builder.add(')');
            return KT_OK;
        }
        case KT_KIND_UNION:
        case KT_KIND_DYNAMIC: {
            const auto* held = static_cast<const KtValue*>(value);
            if (held->type == nullptr) {
                builder.add("None");
                return KT_OK;
            }
            return repr_into(builder, held->type, payload_address(*held));
        }
        case KT_KIND_OPTIONAL:
            if (*static_cast<void* const*>(value) == nullptr) {
                builder.add("None");
                return KT_OK;
            }
            return repr_into(builder, type->args[0], value);
        case KT_KIND_FUNCTION: add_address(builder, "function", *static_cast<void* const*>(value)); return KT_OK;
        case KT_KIND_ITERATOR:
            add_address(builder, iterator_title(*static_cast<KtGenerator* const*>(value)).c_str(),
                        *static_cast<void* const*>(value));
            return KT_OK;
        case KT_KIND_TYPE: {
            if (const std::string_view name = type->name; name.starts_with("function[")) {
                const std::string_view which = name.substr(9);
                add_address(builder, ("function " + std::string(which.substr(0, which.rfind('.')))).c_str(), type);
                return KT_OK;
            }
            const KtTypeInfo* shown = type->args_count == 1 ? type->args[0] : *static_cast<const KtTypeInfo* const*>(value);
            builder.add("<class '");
            builder.add(
                std::string_view(shown->kind == KT_KIND_CLASS || shown->kind == KT_KIND_EXCEPTION ? qualified(shown) : std::string(short_name(shown))));
            builder.add("'>");
            return KT_OK;
        }
        case KT_KIND_FILE: {
            file_describe(builder, *static_cast<KtFile* const*>(value));
            return KT_OK;
        }
        default: return repr_object(builder, *static_cast<KtObject* const*>(value));
    }
}

int32_t str_into(TextBuilder& builder, const KtTypeInfo* type, const void* value) {
    switch (type->kind) {
        case KT_KIND_STR: builder.add(*static_cast<KtStr* const*>(value)); return KT_OK;
        case KT_KIND_UNION:
        case KT_KIND_DYNAMIC: {
            const auto* held = static_cast<const KtValue*>(value);
            if (held->type == nullptr) break;
            return str_into(builder, held->type, payload_address(*held));
        }
        case KT_KIND_OPTIONAL:
            if (*static_cast<void* const*>(value) == nullptr) break;
            return str_into(builder, type->args[0], value);
        case KT_KIND_CLASS:
        case KT_KIND_HANDLE:
        case KT_KIND_EXCEPTION: {
            auto* object = *static_cast<KtObject* const*>(value);
            KtStr* text = nullptr;
            if (object->type->ops != nullptr && object->type->ops->str != nullptr)
                return add_result(builder, object->type->ops->str(object, &text), text);
            if (object->type->kind == KT_KIND_EXCEPTION)
                return add_result(builder, kt_exception_str(reinterpret_cast<KtException*>(object), &text), text);
            return repr_object(builder, object);
        }
        default: break;
    }
    return repr_into(builder, type, value);
}

extern "C" {

int32_t kt_repr(const KtTypeInfo* type, const void* value, KtStr** out) {
    const Shortening mode;
    if (type->kind == KT_KIND_INT) {
        *out = kt_int_str(*static_cast<const int64_t*>(value));
        return KT_OK;
    }
    TextBuilder builder;
    const size_t depth = vm.being_shown.size();
    const int32_t status = repr_into(builder, type, value);
    vm.being_shown.resize(depth);
    if (status != KT_OK) return status;
    *out = builder.finish();
    return KT_OK;
}

int32_t kt_str(const KtTypeInfo* type, const void* value, KtStr** out) {
    switch (type->kind) {
        case KT_KIND_STR: *out = same(*static_cast<KtStr* const*>(value)); return KT_OK;
        case KT_KIND_INT: *out = kt_int_str(*static_cast<const int64_t*>(value)); return KT_OK;
        case KT_KIND_FLOAT: *out = kt_float_str(*static_cast<const double*>(value)); return KT_OK;
        default: break;
    }
    TextBuilder builder;
    if (str_into(builder, type, value) != KT_OK) return KT_ERROR;
    *out = builder.finish();
    return KT_OK;
}

int32_t kt_ascii(const KtTypeInfo* type, const void* value, KtStr** out) {
    Ref<KtStr> shown;
    if (kt_repr(type, value, shown.out()) != KT_OK) return KT_ERROR;
    if (is_ascii(shown.get())) {
        *out = shown.take();
        return KT_OK;
    }
    TextBuilder builder;
    const char* at = shown->data;
    const char* end = at + shown->byte_len;
    while (at < end) {
        const char32_t c = decode_next(at);
        if (c < 0x80)
            builder.add(static_cast<char>(c));
        else
            escape(builder, c);
    }
    *out = builder.finish();
    return KT_OK;
}

}  // extern "C"

}  // namespace kayton
