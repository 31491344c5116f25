#include "worker/runtime/hash.h"

#include <cmath>
#include <cstring>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/runtime.h"
#include "worker/runtime/table.h"
#include "worker/runtime/type_registry.h"

namespace kayton {

namespace {

constexpr uint64_t kSeedA = 0xa0761d6478bd642full;
constexpr uint64_t kSeedB = 0xe7037ed1a0b428dbull;
constexpr uint64_t kModulus = (uint64_t{1} << 61) - 1;  // CPython's _PyHASH_MODULUS

uint64_t read8(const char* at) {
    uint64_t word;
    std::memcpy(&word, at, 8);
    return word;
}

int32_t unhashable(const KtTypeInfo* type) {
    return raise_format(Exc::TypeError, "unhashable type: '{}'", short_name(type));
}

}  // namespace

int64_t hash_bytes(const char* data, size_t size) {
    uint64_t state = kSeedA ^ size;
    size_t left = size;
    while (left > 16) {
        state = mix(read8(data) ^ kSeedB, read8(data + 8) ^ state);
        data += 16;
        left -= 16;
    }
    char tail[16] = {};
    std::memcpy(tail, data, left);
    state = mix(read8(tail) ^ kSeedB, read8(tail + 8) ^ state);
    state = mix(state, kSeedA);
    return state == 0 ? 1 : static_cast<int64_t>(state);
}

int32_t hash_value(const KtTypeInfo* type, const void* value, int64_t* out) {
    switch (type->kind) {
        case KT_KIND_NONE: *out = 0x3ad5b18f; return KT_OK;
        case KT_KIND_TYPE: *out = static_cast<int64_t>(reinterpret_cast<uintptr_t>(type) >> 4); return KT_OK;
        case KT_KIND_BOOL: *out = *static_cast<const uint8_t*>(value); return KT_OK;
        case KT_KIND_INT: *out = kt_int_hash(*static_cast<const int64_t*>(value)); return KT_OK;
        case KT_KIND_FLOAT: *out = kt_float_hash(*static_cast<const double*>(value)); return KT_OK;
        case KT_KIND_STR: *out = kt_str_hash(*static_cast<KtStr* const*>(value)); return KT_OK;
        case KT_KIND_BYTES: {
            auto* bytes = *static_cast<KtBytes* const*>(value);
            if (bytes->hash == 0)
                bytes->hash =
                    hash_bytes(reinterpret_cast<const char*>(bytes->data), static_cast<size_t>(bytes->length));
            *out = bytes->hash;
            return KT_OK;
        }
        case KT_KIND_TUPLE: {
            uint64_t state = 0x345678u + type->args_count;
            for (uint32_t i = 0; i < type->args_count; ++i) {
                int64_t part;
                if (hash_value(type->args[i], static_cast<const char*>(value) + type->offsets[i], &part) != KT_OK)
                    return KT_ERROR;
                state = mix(state ^ static_cast<uint64_t>(part), kSeedB) + i;
            }
            *out = static_cast<int64_t>(state);
            return KT_OK;
        }
        case KT_KIND_RANGE: {
            const auto* range = static_cast<const KtRange*>(value);
            *out = static_cast<int64_t>(mix(static_cast<uint64_t>(range->start) ^ kSeedA,
                                            static_cast<uint64_t>(range->stop * 31 + range->step) ^ kSeedB));
            return KT_OK;
        }
        case KT_KIND_UNION:
        case KT_KIND_DYNAMIC: {
            const auto* held = static_cast<const KtValue*>(value);
            if (held->type == nullptr) return hash_value(&kt_type_none, nullptr, out);
            return hash_value(held->type, payload_address(*held), out);
        }
        case KT_KIND_OPTIONAL:
            if (*static_cast<void* const*>(value) == nullptr) return hash_value(&kt_type_none, nullptr, out);
            return hash_value(type->args[0], value, out);
        case KT_KIND_CLASS:
        case KT_KIND_HANDLE:
        case KT_KIND_EXCEPTION: {
            auto* object = *static_cast<KtObject* const*>(value);
            const KtTypeOps* ops = object->type->ops;
            if (ops != nullptr && ops->hash != nullptr) return ops->hash(object, out);
            if (ops != nullptr && ops->eq != nullptr) return unhashable(object->type);
            *out = static_cast<int64_t>(reinterpret_cast<uintptr_t>(object) >> 4);
            return KT_OK;
        }
        case KT_KIND_LIST: {
            if (flavour_of(type) != "tuple") return unhashable(type);
            auto* tuple = *static_cast<KtList* const*>(value);
            const KtTypeInfo* element = type->args[0];
            uint64_t state = 0x345678u + static_cast<uint64_t>(tuple->length);
            for (int64_t i = 0; i < tuple->length; ++i) {
                int64_t part;
                if (hash_value(element, static_cast<const char*>(tuple->data) + i * element->size, &part) != KT_OK) return KT_ERROR;
                state = mix(state ^ static_cast<uint64_t>(part), kSeedB) + static_cast<uint64_t>(i);
            }
            *out = static_cast<int64_t>(state);
            return KT_OK;
        }
        case KT_KIND_SET: {
            if (flavour_of(type) != "frozenset") return unhashable(type);
            // Equal sets hash alike whatever their order.
            auto* set = *static_cast<KtDict* const*>(value);
            uint64_t state = 0x9e3779b97f4a7c15u;
            int64_t position = 0;
            void* key = nullptr;
            void* unused = nullptr;
            while (kt_dict_next(set, &position, &key, &unused) == 1) {
                int64_t part;
                if (hash_value(type->args[0], key, &part) != KT_OK) return KT_ERROR;
                state += mix(static_cast<uint64_t>(part) ^ kSeedA, kSeedB);
            }
            *out = static_cast<int64_t>(state);
            return KT_OK;
        }
        case KT_KIND_DICT:
        case KT_KIND_SLICE: return unhashable(type);
        default:
            *out = static_cast<int64_t>(reinterpret_cast<uintptr_t>(*static_cast<void* const*>(value)) >> 4);
            return KT_OK;
    }
}

extern "C" {

int64_t kt_int_hash(int64_t value) {
    const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    auto hash = static_cast<int64_t>(magnitude % kModulus);
    if (value < 0) hash = -hash;
    return hash == -1 ? -2 : hash;
}

// CPython's _Py_HashDouble.
int64_t kt_float_hash(double value) {
    if (std::isinf(value)) return value > 0 ? 314159 : -314159;
    if (std::isnan(value)) return 0;
    int exponent;
    double mantissa = std::frexp(value, &exponent);
    const bool negative = mantissa < 0;
    if (negative) mantissa = -mantissa;
    uint64_t x = 0;
    while (mantissa != 0) {
        x = ((x << 28) & kModulus) | x >> (61 - 28);
        mantissa *= 268435456.0;
        exponent -= 28;
        const auto digit = static_cast<uint64_t>(mantissa);
        mantissa -= static_cast<double>(digit);
        x += digit;
        if (x >= kModulus) x -= kModulus;
    }
    exponent = exponent >= 0 ? exponent % 61 : 61 - 1 - ((-1 - exponent) % 61);
    x = ((x << exponent) & kModulus) | x >> (61 - exponent);
    const int64_t hash = negative ? -static_cast<int64_t>(x) : static_cast<int64_t>(x);
    return hash == -1 ? -2 : hash;
}

int32_t kt_hash(const KtTypeInfo* type, const void* value, int64_t* out) {
    return hash_value(type, value, out);
}

}  // extern "C"

}  // namespace kayton
