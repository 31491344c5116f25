#include "compiler/types/type.h"

#include <algorithm>
#include <array>
#include <functional>

namespace kayton::types {

namespace {

// Written types are deep or large, never both.
constexpr uint64_t kEndlessSize = 1000;
constexpr uint16_t kEndlessDepth = 12;

}  // namespace

size_t TypeContext::KeyHash::operator()(const Key& key) const {
    auto mix = [](size_t h, size_t next) { return (h ^ next) * 0x9E3779B97F4A7C15ULL; };
    size_t hash = std::hash<std::string_view>{}(key.name) + static_cast<size_t>(key.kind);
    for (const Type* arg : key.args) hash = mix(hash, arg->id);
    return hash ^ (hash >> 29);
}

bool TypeContext::SameKey::operator()(const Key& key, const Type* type) const {
    return key.kind == type->kind && std::equal(key.args.begin(), key.args.end(), type->args.begin(), type->args.end()) &&
           key.name == type->name;
}

const Type* TypeContext::make_basic(TypeKind kind) {
    Type type{};
    type.kind = kind;
    type.id = static_cast<uint32_t>(types_.size());
    types_.push_back(type);
    return &types_.back();
}

TypeContext::TypeContext()
    : never(make_basic(TypeKind::kNever)),
      none(make_basic(TypeKind::kNone)),
      boolean(make_basic(TypeKind::kBool)),
      integer(make_basic(TypeKind::kInt)),
      floating(make_basic(TypeKind::kFloat)),
      str(make_basic(TypeKind::kStr)),
      bytes(make_basic(TypeKind::kBytes)),
      range(make_basic(TypeKind::kRange)),
      dynamic(make_basic(TypeKind::kDynamic)),
      text_file(make_basic(TypeKind::kTextFile)),
      binary_file(make_basic(TypeKind::kBinaryFile)) {
    struct Builtin {
        const char* name;
        const char* base;
    };
    static constexpr Builtin kBuiltins[] = {
#define KT_EXCEPTION(name, base) {#name, #base},
#include "shared/exceptions.def"
#undef KT_EXCEPTION
    };
    for (const Builtin& builtin : kBuiltins) exception(builtin.name, find_exception(builtin.base));
}

const Type* TypeContext::intern(TypeKind kind, std::span<const Type* const> args, std::string_view name) {
    const Key key{kind, args, name};
    const auto found = interned_.find(key);
    if (found != interned_.end()) return *found;
    Type type{};
    type.kind = kind;
    uint64_t size = args.empty() ? 0 : 1;
    for (const Type* arg : args) {
        type.open |= arg->open || arg->kind == TypeKind::kVar || arg->kind == TypeKind::kNever;
        const Type* inside = prune(arg);
        type.depth = std::max(type.depth, static_cast<uint16_t>(std::min(inside->depth + 1, 0xFFFF)));
        size += inside->size;
    }
    if (size > kEndlessSize && type.depth > kEndlessDepth) {
        endless_ = true;
        if (kind == TypeKind::kUnion) return dynamic;
        const std::vector<const Type*> unknown(args.size(), dynamic);
        return intern(kind, unknown, name);
    }
    type.size = static_cast<uint32_t>(std::min<uint64_t>(size, 0xFFFFFFFF));
    if (!args.empty()) {
        arg_lists_.emplace_back(args.begin(), args.end());
        type.args = arg_lists_.back();
    }
    if (!name.empty()) {
        names_.emplace_back(name);
        type.name = names_.back();
    }
    type.hash = KeyHash{}(key);
    type.id = static_cast<uint32_t>(types_.size());
    types_.push_back(type);
    interned_.insert(&types_.back());
    return &types_.back();
}

const Type* TypeContext::list(const Type* element, std::string_view flavour) {
    return intern(TypeKind::kList, std::array{element}, flavour);
}
const Type* TypeContext::dict(const Type* key, const Type* value, std::string_view flavour) {
    return intern(TypeKind::kDict, std::array{key, value}, flavour);
}
const Type* TypeContext::set(const Type* element, std::string_view flavour) {
    return intern(TypeKind::kSet, std::array{element}, flavour);
}
const Type* TypeContext::tuple(std::span<const Type* const> members) { return intern(TypeKind::kTuple, members); }
const Type* TypeContext::iterator(const Type* element) { return intern(TypeKind::kIterator, std::array{element}); }
const Type* TypeContext::generator(const Type* element, const Type* sent, const Type* result) {
    return intern(TypeKind::kIterator, std::array{element, sent, result});
}
const Type* TypeContext::handle(std::string_view name, std::span<const Type* const> args) {
    return intern(TypeKind::kHandle, args, name);
}

const Type* TypeContext::function(std::span<const Type* const> params, const Type* result) {
    std::vector<const Type*> args(params.begin(), params.end());
    args.push_back(result);
    return intern(TypeKind::kFunction, args);
}

const Type* TypeContext::find_exception(std::string_view name) const {
    auto found = exceptions_.find(name);
    return found == exceptions_.end() ? nullptr : found->second;
}

const Type* TypeContext::exception(std::string_view name, const Type* base) {
    if (const Type* known = find_exception(name)) return known;
    const Type* type = class_type(name, base, nullptr);
    auto* mutable_type = const_cast<Type*>(type);
    mutable_type->kind = TypeKind::kException;
    exceptions_.emplace(std::string(name), type);
    return type;
}

const Type* TypeContext::class_type(std::string_view name, const Type* base, ClassInfo* info) {
    Type type{};
    type.kind = base != nullptr && base->kind == TypeKind::kException ? TypeKind::kException : TypeKind::kClass;
    names_.emplace_back(name);
    type.name = names_.back();
    type.base = base;
    type.class_info = info;
    type.id = static_cast<uint32_t>(types_.size());
    types_.push_back(type);
    return &types_.back();
}

const Type* TypeContext::function_ref(std::string_view key) { return intern(TypeKind::kFunctionRef, {}, key); }

const Type* TypeContext::type_object(const Type* instance) { return intern(TypeKind::kTypeObject, std::array{instance}); }

const Type* TypeContext::variable() { return make_basic(TypeKind::kVar); }

const Type* prune(const Type* t) {
    while (t->kind == TypeKind::kVar && t->bound != nullptr) t = t->bound;
    return t;
}

bool is_subclass(const Type* t, const Type* base) {
    for (; t != nullptr; t = t->base)
        if (t == base) return true;
    return false;
}

const Type* TypeContext::unite(const Type* a, const Type* b) {
    a = prune(a);
    return a == prune(b) ? a : unite(std::array{a, b});
}

const Type* TypeContext::unite(std::span<const Type* const> members) {
    std::vector<const Type*> flat;
    bool any_dynamic = false;
    auto add = [&](const Type* t) {
        if (t->kind == TypeKind::kNever || (t->kind == TypeKind::kVar && t->bound == nullptr && members.size() > 1 &&
                                            std::any_of(members.begin(), members.end(), [](const Type* m) {
                                                return prune(m)->kind != TypeKind::kVar;
                                            })))
            return;
        if (t->kind == TypeKind::kDynamic) any_dynamic = true;
        for (const Type* have : flat)
            if (have == t || is_subclass(t, have)) return;
        std::erase_if(flat, [&](const Type* have) { return is_subclass(have, t); });
        flat.push_back(t);
    };
    for (const Type* member : members) {
        const Type* t = prune(member);
        if (t->kind == TypeKind::kUnion) {
            for (const Type* inner : t->args) add(prune(inner));
        } else {
            add(t);
        }
    }
    if (any_dynamic) return dynamic;
    if (flat.empty()) return never;
    if (flat.size() == 1) return flat.front();
    std::sort(flat.begin(), flat.end(), [](const Type* x, const Type* y) { return x->id < y->id; });
    return intern(TypeKind::kUnion, flat);
}

const Type* TypeContext::without(const Type* t, const Type* member) {
    t = prune(t);
    if (t->kind != TypeKind::kUnion) return is_subclass(t, member) || t == member ? never : t;
    std::vector<const Type*> rest;
    for (const Type* m : t->args)
        if (m != member && !is_subclass(m, member)) rest.push_back(m);
    return unite(rest);
}

const Type* TypeContext::resolve(const Type* t, bool close) {
    t = prune(t);
    if (t->kind == TypeKind::kVar) return close ? never : t;
    if (!t->open) return t;
    std::array<const Type*, 6> few;
    std::vector<const Type*> many;
    if (t->args.size() > few.size()) many.resize(t->args.size());
    const std::span<const Type*> args = many.empty() ? std::span(few).first(t->args.size()) : std::span(many);
    bool changed = false;
    for (size_t i = 0; i < args.size(); ++i) {
        args[i] = resolve(t->args[i], close);
        if (close && args[i]->kind == TypeKind::kNever && t->kind != TypeKind::kFunction) args[i] = none;
        changed |= args[i] != t->args[i];
    }
    if (!changed) return t;
    if (t->kind == TypeKind::kUnion) return unite(args);
    return intern(t->kind, args, t->name);
}

bool is_numeric(const Type* t) {
    t = prune(t);
    return t->kind == TypeKind::kBool || t->kind == TypeKind::kInt || t->kind == TypeKind::kFloat;
}

bool is_pointer(const Type* t) { return storage_of(t) == Storage::kPointer; }

bool is_union_with_none(const Type* t) {
    t = prune(t);
    if (t->kind != TypeKind::kUnion) return false;
    return std::any_of(t->args.begin(), t->args.end(), [](const Type* m) { return m->kind == TypeKind::kNone; });
}

bool is_long_tuple(const Type* t) {
    t = prune(t);
    return t->kind == TypeKind::kList && t->name == "tuple";
}

bool contains(const Type* union_type, const Type* member) {
    union_type = prune(union_type);
    member = prune(member);
    if (union_type == member || is_subclass(member, union_type)) return true;
    if (union_type->kind != TypeKind::kUnion) return false;
    if (member->kind == TypeKind::kUnion)
        return std::all_of(member->args.begin(), member->args.end(),
                           [&](const Type* m) { return contains(union_type, m); });
    return std::any_of(union_type->args.begin(), union_type->args.end(),
                       [&](const Type* m) { return m == member || is_subclass(member, m); });
}

Storage storage_of(const Type* t) {
    t = prune(t);
    switch (t->kind) {
        case TypeKind::kNever:
        case TypeKind::kNone:
        case TypeKind::kVar:
        case TypeKind::kModule:
        case TypeKind::kTypeObject:
        case TypeKind::kFunctionRef:
        case TypeKind::kMethodRef: return Storage::kUnit;
        case TypeKind::kBool: return Storage::kByte;
        case TypeKind::kInt: return Storage::kInt64;
        case TypeKind::kFloat: return Storage::kFloat64;
        case TypeKind::kTuple: return Storage::kTuple;
        case TypeKind::kRange: return Storage::kRange;
        case TypeKind::kDynamic: return Storage::kValue;
        case TypeKind::kUnion:
            if (t->args.size() == 2) {
                const Type* a = prune(t->args[0]);
                const Type* b = prune(t->args[1]);
                if (a->kind == TypeKind::kNone) std::swap(a, b);
                if (b->kind == TypeKind::kNone && storage_of(a) == Storage::kPointer) return Storage::kNullable;
            }
            return Storage::kValue;
        default: return Storage::kPointer;
    }
}

bool holds_references(const Type* t) {
    t = prune(t);
    switch (storage_of(t)) {
        case Storage::kPointer:
        case Storage::kNullable: return true;
        case Storage::kValue:
            return t->kind == TypeKind::kDynamic ||
                   std::any_of(t->args.begin(), t->args.end(), [](const Type* m) {
                       Storage s = storage_of(m);
                       return s == Storage::kPointer || s == Storage::kTuple || s == Storage::kRange || s == Storage::kNullable;
                   });
        case Storage::kTuple:
            return std::any_of(t->args.begin(), t->args.end(), [](const Type* m) { return holds_references(m); });
        default: return false;
    }
}

namespace {

void write(const Type* t, std::string& out, bool erased) {
    t = prune(t);
    auto list_args = [&](const char* open, size_t count, const char* close) {
        out += open;
        for (size_t i = 0; i < count; ++i) {
            if (i != 0) out += ", ";
            write(t->args[i], out, erased);
        }
        out += close;
    };
    switch (t->kind) {
        case TypeKind::kNever: out += "Never"; break;
        case TypeKind::kNone: out += "None"; break;
        case TypeKind::kBool: out += "bool"; break;
        case TypeKind::kInt: out += "int"; break;
        case TypeKind::kFloat: out += "float"; break;
        case TypeKind::kStr: out += "str"; break;
        case TypeKind::kBytes: out += "bytes"; break;
        case TypeKind::kRange: out += "range"; break;
        case TypeKind::kDynamic: out += "Dynamic"; break;
        case TypeKind::kTextFile: out += "TextFile"; break;
        case TypeKind::kBinaryFile: out += "BinaryFile"; break;
        case TypeKind::kList:
        case TypeKind::kDict:
        case TypeKind::kSet: {
            std::string_view plain = t->kind == TypeKind::kList ? "list" : t->kind == TypeKind::kDict ? "dict" : "set";
            out += t->name.empty() ? plain : t->name.substr(0, t->name.find('#'));
            list_args("[", t->args.size(), t->name == "tuple" ? ", ...]" : "]");
            break;
        }
        case TypeKind::kIterator: list_args(t->args.size() == 1 ? "Iterator[" : "Generator[", t->args.size(), "]"); break;
        case TypeKind::kTuple:
            if (t->args.empty()) {
                out += "tuple[()]";
            } else {
                list_args("tuple[", t->args.size(), "]");
            }
            break;
        case TypeKind::kFunction:
            list_args("Callable[[", t->args.size() - 1, "], ");
            write(t->args.back(), out, erased);
            out += "]";
            break;
        case TypeKind::kUnion: {
            bool first = true;
            bool none = false;
            for (const Type* m : t->args) {
                if (prune(m)->kind == TypeKind::kNone) {
                    none = true;
                    continue;
                }
                if (!first) out += " | ";
                first = false;
                write(m, out, erased);
            }
            if (none) out += " | None";
            break;
        }
        case TypeKind::kVar: out += "?"; break;
        case TypeKind::kModule: out += "module"; break;
        case TypeKind::kTypeObject: list_args("type[", 1, "]"); break;
        case TypeKind::kFunctionRef:
            out += "function";
            if (erased) out += "[" + std::string(t->name) + "]";  // each function has a type of its own
            break;
        case TypeKind::kMethodRef: out += "function"; break;
        case TypeKind::kHandle:
            out += t->name;
            if (!erased && !t->args.empty()) list_args("[", t->args.size(), "]");
            break;
        case TypeKind::kClass:
        case TypeKind::kException: out += t->name; break;
    }
}

}  // namespace

std::string to_string(const Type* t) {
    std::string out;
    write(t, out, false);
    return out;
}

std::string signature_of(const Type* t) {
    std::string out;
    write(t, out, true);
    return out;
}

}  // namespace kayton::types
