#include "worker/runtime/compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "worker/runtime/codec.h"
#include "worker/runtime/exceptions.h"
#include "worker/runtime/iterators.h"
#include "worker/runtime/list.h"
#include "worker/runtime/str.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_parser.h"
#include "worker/runtime/type_registry.h"
#include "worker/runtime/vm_state.h"

namespace kayton {

namespace {

constexpr int64_t kMaxDepth = 20000;

struct DepthGuard {
    DepthGuard() { ++vm.compare_depth; }
    ~DepthGuard() { --vm.compare_depth; }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;
    [[nodiscard]] bool exceeded() const {
        return vm.compare_depth > kMaxDepth || reinterpret_cast<const char*>(this) < kt_stack_limit;
    }
};

// Looks through unions and optionals to the type and storage of the value itself.
void resolve(const KtTypeInfo*& type, const void*& value) {
    while (true) {
        if (type->kind == KT_KIND_UNION || type->kind == KT_KIND_DYNAMIC) {
            const auto* held = static_cast<const KtValue*>(value);
            type = held->type != nullptr ? held->type : &kt_type_none;
            value = held->type != nullptr ? payload_address(*held) : nullptr;
        } else if (type->kind == KT_KIND_OPTIONAL) {
            type = *static_cast<void* const*>(value) == nullptr ? &kt_type_none : type->args[0];
        } else {
            return;
        }
    }
}

bool is_number(uint32_t kind) {
    return kind == KT_KIND_INT || kind == KT_KIND_FLOAT || kind == KT_KIND_BOOL;
}
int64_t integer_of(const KtTypeInfo* type, const void* value) {
    return type->kind == KT_KIND_BOOL ? *static_cast<const uint8_t*>(value) : *static_cast<const int64_t*>(value);
}
double float_at(const void* value) {
    return *static_cast<const double*>(value);
}
KtObject* object_at(const void* value) {
    return *static_cast<KtObject* const*>(value);
}

Order order_of(int64_t order) {
    return static_cast<Order>(order);
}
Order order_floats(double a, double b) {
    if (a < b) return Order::kLess;
    if (a > b) return Order::kGreater;
    return a == b ? Order::kEqual : Order::kUnordered;
}

Order order_numbers(const KtTypeInfo* type_a, const void* a, const KtTypeInfo* type_b, const void* b) {
    const bool float_a = type_a->kind == KT_KIND_FLOAT;
    const bool float_b = type_b->kind == KT_KIND_FLOAT;
    if (float_a && float_b) return order_floats(float_at(a), float_at(b));
    if (float_b) return order_of(kt_int_float_compare(integer_of(type_a, a), float_at(b)));
    if (float_a) {
        const Order order = order_of(kt_int_float_compare(integer_of(type_b, b), float_at(a)));
        return order == Order::kUnordered ? order : static_cast<Order>(-static_cast<int>(order));
    }
    const int64_t x = integer_of(type_a, a);
    const int64_t y = integer_of(type_b, b);
    return x < y ? Order::kLess : x > y ? Order::kGreater : Order::kEqual;
}

bool equal_ranges(const KtRange& a, const KtRange& b) {
    const int64_t length = range_length(a);
    if (length != range_length(b)) return false;
    if (length == 0) return true;
    return a.start == b.start && (length == 1 || a.step == b.step);
}

int32_t equal_dicts(KtDict* a, KtDict* b, bool* out) {
    *out = false;
    if (table_length(a) != table_length(b)) return KT_OK;
    const bool sets = a->base.type->kind == KT_KIND_SET;
    const KtTypeInfo* key_type = a->base.type->args[0];
    int64_t position = 0;
    void* key;
    void* value;
    while (kt_dict_next(a, &position, &key, &value)) {
        void* other = nullptr;
        if (table_find_as(b, key_type, key, &other) != KT_OK) return KT_ERROR;
        if (other == nullptr) return KT_OK;
        if (sets) continue;
        bool same_value = false;
        if (equal_values(a->base.type->args[1], value, b->base.type->args[1], other, &same_value) != KT_OK)
            return KT_ERROR;
        if (!same_value) return KT_OK;
    }
    *out = true;
    return KT_OK;
}

int32_t subset(KtDict* a, KtDict* b, bool* out) {
    *out = false;
    int64_t position = 0;
    void* key;
    while (kt_dict_next(a, &position, &key, nullptr)) {
        void* other = nullptr;
        if (table_find_as(b, a->base.type->args[0], key, &other) != KT_OK) return KT_ERROR;
        if (other == nullptr) return KT_OK;
    }
    *out = true;
    return KT_OK;
}

int32_t equal_objects(KtObject* a, KtObject* b, bool* out) {
    *out = a == b;
    if (a == nullptr || b == nullptr) return KT_OK;
    const KtTypeOps* ops = a->type->ops;
    if (ops == nullptr || ops->eq == nullptr) {
        ops = b->type->ops;
        std::swap(a, b);
    }
    if (ops == nullptr || ops->eq == nullptr) return KT_OK;
    // An __eq__ is compiled for its own class: other classes are equal only to themselves.
    if (!is_subclass(b->type, a->type) && !is_subclass(a->type, b->type)) return KT_OK;
    uint8_t equal = 0;
    const int32_t status = ops->eq(a, b, &equal);
    *out = equal != 0;
    return status;
}

int32_t not_ordered(const KtTypeInfo* type_a, const KtTypeInfo* type_b, int64_t operation) {
    static constexpr const char* kOperators[] = {"<", "<=", ">", ">="};
    return raise_format(Exc::TypeError, "'{}' not supported between instances of '{}' and '{}'",
                        kOperators[operation & 3], short_name(type_a), short_name(type_b));
}

Order order_texts(std::string_view a, std::string_view b) {
    const int order = a.compare(b);
    return order < 0 ? Order::kLess : order > 0 ? Order::kGreater : Order::kEqual;
}

}  // namespace

int64_t range_length(const KtRange& range) {
    if (range.step > 0) {
        if (range.start >= range.stop) return 0;
        const uint64_t span = static_cast<uint64_t>(range.stop) - static_cast<uint64_t>(range.start) - 1;
        return static_cast<int64_t>(span / static_cast<uint64_t>(range.step) + 1);
    }
    if (range.start <= range.stop || range.step == 0) return 0;
    const uint64_t span = static_cast<uint64_t>(range.start) - static_cast<uint64_t>(range.stop) - 1;
    return static_cast<int64_t>(span / (0 - static_cast<uint64_t>(range.step)) + 1);
}

int32_t equal_values(const KtTypeInfo* type_a, const void* a, const KtTypeInfo* type_b, const void* b, bool* out) {
    resolve(type_a, a);
    resolve(type_b, b);
    const uint32_t kind = type_a->kind;
    *out = false;
    if (is_number(kind) && is_number(type_b->kind)) {
        *out = order_numbers(type_a, a, type_b, b) == Order::kEqual;
        return KT_OK;
    }
    if (kind != type_b->kind) return KT_OK;
    switch (kind) {
        case KT_KIND_NONE: *out = true; return KT_OK;
        case KT_KIND_TYPE: *out = type_a == type_b; return KT_OK;
        case KT_KIND_STR: {
            auto* x = *static_cast<KtStr* const*>(a);
            auto* y = *static_cast<KtStr* const*>(b);
            *out = kt_str_eq(x, y) != 0;
            return KT_OK;
        }
        case KT_KIND_BYTES:
            *out = view(*static_cast<KtBytes* const*>(a)) == view(*static_cast<KtBytes* const*>(b));
            return KT_OK;
        case KT_KIND_LIST: {
            auto* x = *static_cast<KtList* const*>(a);
            auto* y = *static_cast<KtList* const*>(b);
            if (flavour_of(x->base.type) != flavour_of(y->base.type)) return KT_OK;
            if (x == y) {
                *out = true;
                return KT_OK;
            }
            if (x->length != y->length) return KT_OK;
            const DepthGuard guard;
            if (guard.exceeded()) return raise(Exc::RecursionError, "maximum recursion depth exceeded in comparison");
            for (int64_t i = 0; i < x->length && i < y->length; ++i) {
                if (equal_values(element_type(x), element_at(x, i), element_type(y), element_at(y, i), out) != KT_OK)
                    return KT_ERROR;
                if (!*out) return KT_OK;
            }
            *out = x->length == y->length;
            return KT_OK;
        }
        case KT_KIND_TUPLE: {
            if (type_a->args_count != type_b->args_count) return KT_OK;
            for (uint32_t i = 0; i < type_a->args_count; ++i) {
                if (equal_values(type_a->args[i], static_cast<const char*>(a) + type_a->offsets[i], type_b->args[i],
                                 static_cast<const char*>(b) + type_b->offsets[i], out) != KT_OK)
                    return KT_ERROR;
                if (!*out) return KT_OK;
            }
            *out = true;
            return KT_OK;
        }
        case KT_KIND_DICT:
        case KT_KIND_SET: {
            const DepthGuard guard;
            if (guard.exceeded()) return raise(Exc::RecursionError, "maximum recursion depth exceeded in comparison");
            return equal_dicts(*static_cast<KtDict* const*>(a), *static_cast<KtDict* const*>(b), out);
        }
        case KT_KIND_RANGE:
            *out = equal_ranges(*static_cast<const KtRange*>(a), *static_cast<const KtRange*>(b));
            return KT_OK;
        case KT_KIND_SLICE: *out = std::memcmp(a, b, sizeof(KtRange)) == 0; return KT_OK;
        case KT_KIND_CLASS:
        case KT_KIND_HANDLE:
        case KT_KIND_EXCEPTION: return equal_objects(object_at(a), object_at(b), out);
        default: *out = object_at(a) == object_at(b); return KT_OK;
    }
}

int32_t order_values(const KtTypeInfo* type_a, const void* a, const KtTypeInfo* type_b, const void* b,
                     int64_t operation, Order* out) {
    resolve(type_a, a);
    resolve(type_b, b);
    const uint32_t kind = type_a->kind;
    if (is_number(kind) && is_number(type_b->kind)) {
        *out = order_numbers(type_a, a, type_b, b);
        return KT_OK;
    }
    if (kind != type_b->kind) return not_ordered(type_a, type_b, operation);
    switch (kind) {
        case KT_KIND_STR:
            *out = order_of(kt_str_compare(*static_cast<KtStr* const*>(a), *static_cast<KtStr* const*>(b)));
            return KT_OK;
        case KT_KIND_BYTES:
            *out = order_texts(view(*static_cast<KtBytes* const*>(a)), view(*static_cast<KtBytes* const*>(b)));
            return KT_OK;
        case KT_KIND_LIST: {
            auto* x = *static_cast<KtList* const*>(a);
            auto* y = *static_cast<KtList* const*>(b);
            const DepthGuard guard;
            if (guard.exceeded()) return raise(Exc::RecursionError, "maximum recursion depth exceeded in comparison");
            for (int64_t i = 0; i < x->length && i < y->length; ++i) {
                // Only the first difference is ordered: elements before it need only be comparable for equality.
                bool equal = false;
                if (equal_values(element_type(x), element_at(x, i), element_type(y), element_at(y, i), &equal) != KT_OK)
                    return KT_ERROR;
                if (!equal)
                    return order_values(element_type(x), element_at(x, i), element_type(y), element_at(y, i), operation,
                                        out);
            }
            *out = x->length < y->length ? Order::kLess : x->length > y->length ? Order::kGreater : Order::kEqual;
            return KT_OK;
        }
        case KT_KIND_TUPLE: {
            const uint32_t shared = std::min(type_a->args_count, type_b->args_count);
            for (uint32_t i = 0; i < shared; ++i) {
                const KtTypeInfo* member_a = type_a->args[i];
                const KtTypeInfo* member_b = type_b->args[i];
                const char* x = static_cast<const char*>(a) + type_a->offsets[i];
                const char* y = static_cast<const char*>(b) + type_b->offsets[i];
                if (member_a == member_b && (is_number(member_a->kind) || member_a->kind == KT_KIND_STR)) {
                    if (order_values(member_a, x, member_b, y, operation, out) != KT_OK) return KT_ERROR;
                    if (*out != Order::kEqual) return KT_OK;
                    continue;
                }
                bool equal = false;
                if (equal_values(member_a, x, member_b, y, &equal) != KT_OK) return KT_ERROR;
                if (!equal) return order_values(member_a, x, member_b, y, operation, out);
            }
            *out = type_a->args_count < type_b->args_count   ? Order::kLess
                   : type_a->args_count > type_b->args_count ? Order::kGreater
                                                             : Order::kEqual;
            return KT_OK;
        }
        case KT_KIND_SET: {
            auto* x = *static_cast<KtDict* const*>(a);
            auto* y = *static_cast<KtDict* const*>(b);
            bool x_in_y = false;
            bool y_in_x = false;
            if (subset(x, y, &x_in_y) != KT_OK || subset(y, x, &y_in_x) != KT_OK) return KT_ERROR;
            *out = x_in_y && y_in_x ? Order::kEqual
                   : x_in_y         ? Order::kLess
                   : y_in_x         ? Order::kGreater
                                    : Order::kUnordered;
            return KT_OK;
        }
        case KT_KIND_CLASS:
        case KT_KIND_HANDLE:
        case KT_KIND_EXCEPTION: {
            KtObject* x = object_at(a);
            KtObject* y = object_at(b);
            const KtTypeOps* ops = x->type->ops;
            if (ops == nullptr || ops->compare == nullptr) return not_ordered(x->type, y->type, operation);
            int64_t order = 2;
            if (ops->compare(x, y, &order) != KT_OK) return KT_ERROR;
            *out = order_of(order);
            return KT_OK;
        }
        default: return not_ordered(type_a, type_b, operation);
    }
}

extern "C" {

int32_t kt_eq(const KtTypeInfo* type, const void* a, const void* b, uint8_t* out) {
    bool equal = false;
    if (equal_values(type, a, type, b, &equal) != KT_OK) return KT_ERROR;
    *out = equal;
    return KT_OK;
}

int32_t kt_compare(const KtTypeInfo* type, const void* a, const void* b, int64_t operation, uint8_t* out) {
    Order order = Order::kEqual;
    if (order_values(type, a, type, b, operation, &order) != KT_OK) return KT_ERROR;
    switch (operation) {
        case 0: *out = order == Order::kLess; break;
        case 1: *out = order == Order::kLess || order == Order::kEqual; break;
        case 2: *out = order == Order::kGreater; break;
        default: *out = order == Order::kGreater || order == Order::kEqual; break;
    }
    return KT_OK;
}

int32_t kt_truth(const KtTypeInfo* type, const void* value, uint8_t* out) {
    resolve(type, value);
    switch (type->kind) {
        case KT_KIND_NONE: *out = 0; return KT_OK;
        case KT_KIND_BOOL: *out = *static_cast<const uint8_t*>(value); return KT_OK;
        case KT_KIND_INT: *out = *static_cast<const int64_t*>(value) != 0; return KT_OK;
        case KT_KIND_FLOAT: *out = float_at(value) != 0; return KT_OK;
        case KT_KIND_STR: *out = (*static_cast<KtStr* const*>(value))->byte_len != 0; return KT_OK;
        case KT_KIND_BYTES: *out = (*static_cast<KtBytes* const*>(value))->length != 0; return KT_OK;
        case KT_KIND_LIST: *out = (*static_cast<KtList* const*>(value))->length != 0; return KT_OK;
        case KT_KIND_DICT:
        case KT_KIND_SET: *out = table_length(*static_cast<KtDict* const*>(value)) != 0; return KT_OK;
        case KT_KIND_TUPLE: *out = type->args_count != 0; return KT_OK;
        case KT_KIND_RANGE: *out = range_length(*static_cast<const KtRange*>(value)) != 0; return KT_OK;
        case KT_KIND_CLASS:
        case KT_KIND_HANDLE: {
            KtObject* object = object_at(value);
            *out = 1;
            if (object->type->ops == nullptr || object->type->ops->len == nullptr) return KT_OK;
            int64_t length = 0;
            if (object->type->ops->len(object, &length) != KT_OK) return KT_ERROR;
            *out = length != 0;
            return KT_OK;
        }
        default: *out = 1; return KT_OK;
    }
}

int64_t kt_id(const KtTypeInfo* type, const void* value) {
    resolve(type, value);
    if (is_pointer_kind(type->kind))
        return static_cast<int64_t>(reinterpret_cast<uintptr_t>(object_at(value)));
    if (type->kind == KT_KIND_INT) return kt_int_hash(*static_cast<const int64_t*>(value)) * 32 + 0x10000;
    return static_cast<int64_t>(reinterpret_cast<uintptr_t>(type));
}

int32_t kt_type_of(const KtTypeInfo* type, const void* value, void* out) {
    const KtTypeInfo* actual = dynamic_type(type, value);
    // A class is written without its element types.
    switch (actual->kind) {
        case KT_KIND_LIST:
        case KT_KIND_SET: {
            const std::string_view flavour = short_name(actual);
            if (flavour == "tuple") actual = composite_type(KT_KIND_TUPLE, {});
            else actual = composite_type(actual->kind, {&kt_type_none}, flavour == "list" || flavour == "set" ? "" : flavour);
            break;
        }
        case KT_KIND_DICT: {
            const std::string_view flavour = short_name(actual);
            actual = composite_type(KT_KIND_DICT, {&kt_type_none, &kt_type_none}, flavour == "dict" ? "" : flavour);
            break;
        }
        case KT_KIND_TUPLE: actual = composite_type(KT_KIND_TUPLE, {}); break;
        default: break;
    }
    const KtValue result = {composite_type(KT_KIND_TYPE, {actual}), 0};
    std::memcpy(out, &result, sizeof result);
    return KT_OK;
}

int32_t kt_class_name(const KtTypeInfo* type, const void* value, KtStr** out) {
    const KtTypeInfo* actual = dynamic_type(type, value);
    if (actual->kind != KT_KIND_TYPE || actual->args_count != 1)
        return raise(Exc::AttributeError, fmt::format("'{}' object has no attribute '__name__'", short_name(actual)));
    *out = str_new(short_name(actual->args[0]));
    return KT_OK;
}

KtStr* kt_type_name(const KtTypeInfo* type, const void* value) {
    const KtTypeInfo* actual = dynamic_type(type, value);
    if (actual->kind == KT_KIND_ITERATOR) {
        const void* at = type->kind == KT_KIND_UNION || type->kind == KT_KIND_DYNAMIC
                             ? payload_address(*static_cast<const KtValue*>(value))
                             : value;
        return str_new(iterator_type_name(*static_cast<KtGenerator* const*>(at)));
    }
    return str_new(short_name(actual));
}

}  // extern "C"

}  // namespace kayton
