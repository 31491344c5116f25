// Static types. A Type is immutable and interned by its TypeContext, so equal types have equal addresses — except type
// variables (kVar), which stand for what later use decides and are found through resolve(). The typed program that
// leaves the checker holds no variables.
// Owned by the TypeContext, which lives as long as the compiler session; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kayton::types {

enum class TypeKind : uint8_t {
    kNever,  // no value: what `raise` leaves, an empty container's element before any use
    kNone, kBool, kInt, kFloat, kStr, kBytes,
    kList, kDict, kSet, kTuple, kRange,
    kUnion,    // args: the members, sorted, none a union, at least two
    kDynamic,
    kFunction,   // args: parameters, then the result
    kClass, kException, kHandle,  // by name; base for the first two
    kTextFile, kBinaryFile,
    kIterator,  // args: the element; a generator's also what it is sent and what it returns
    kVar,       // inference only
    // Compile-time entities, never in storage:
    kModule, kTypeObject, kFunctionRef, kMethodRef,
};

struct ClassInfo;  // compiler/check/class_info.h: fields, methods, base of a class

struct Type {
    TypeKind kind;
    std::span<const Type* const> args;
    std::string_view name;  // classes, exceptions, handles: the full name; containers: their flavour; else empty
    const Type* base = nullptr;
    ClassInfo* class_info = nullptr;
    mutable const Type* bound = nullptr;  // kVar: what it is known to be so far, or the variable it was unified with
    mutable bool fixed = false;           // kVar: may not grow any more
    bool open = false;                    // holds a variable or kNever somewhere inside: resolve() has work to do
    uint16_t depth = 1;                   // of nesting, through what variables stood for when it was made
    uint32_t size = 0;                    // of it and what is in it: how many types with arguments, each as often as it stands there
    uint32_t id = 0;                      // in order of creation
    size_t hash = 0;                      // of kind, args and name
};

// How a value lies in storage and in registers.
enum class Storage : uint8_t {
    kUnit,       // None: a byte that is always 0
    kByte,       // bool
    kInt64,
    kFloat64,
    kPointer,    // never null
    kNullable,   // T | None of a pointer type: NULL is None
    kValue,      // KtValue: any other union, Dynamic
    kTuple,      // a struct of its members
    kRange,      // KtRange
};

class TypeContext {
    // Before the public types, which are made from it.
    struct Key {
        TypeKind kind;
        std::span<const Type* const> args;
        std::string_view name;
    };
    struct KeyHash {
        using is_transparent = void;
        size_t operator()(const Key& key) const;
        size_t operator()(const Type* type) const { return type->hash; }
    };
    struct SameKey {
        using is_transparent = void;
        bool operator()(const Type* a, const Type* b) const { return a == b; }
        bool operator()(const Key& key, const Type* type) const;
        bool operator()(const Type* type, const Key& key) const { return (*this)(key, type); }
    };
    std::deque<Type> types_;
    std::deque<std::vector<const Type*>> arg_lists_;
    std::deque<std::string> names_;
    std::unordered_set<const Type*, KeyHash, SameKey> interned_;
    std::map<std::string, const Type*, std::less<>> exceptions_;

  public:
    TypeContext();
    TypeContext(const TypeContext&) = delete;
    TypeContext& operator=(const TypeContext&) = delete;

    const Type* const never;
    const Type* const none;
    const Type* const boolean;
    const Type* const integer;
    const Type* const floating;
    const Type* const str;
    const Type* const bytes;
    const Type* const range;
    const Type* const dynamic;
    const Type* const text_file;
    const Type* const binary_file;

    // A flavour is a container of its own to the program that lies in memory like the plain one: lists "tuple" (of any
    // length) and "deque", dicts "defaultdict…", "Counter" and "OrderedDict", sets "frozenset". After a '#' stands what only the checker
    // tells apart.
    const Type* list(const Type* element, std::string_view flavour = {});
    const Type* dict(const Type* key, const Type* value, std::string_view flavour = {});
    const Type* set(const Type* element, std::string_view flavour = {});
    const Type* tuple(std::span<const Type* const> members);
    const Type* function(std::span<const Type* const> params, const Type* result);
    const Type* iterator(const Type* element);
    const Type* generator(const Type* element, const Type* sent, const Type* result);
    // `args`: of a generic type of a crate, whose values are the same objects whatever they are.
    const Type* handle(std::string_view name, std::span<const Type* const> args = {});
    const Type* exception(std::string_view name, const Type* base);  // base null: looked up
    const Type* find_exception(std::string_view name) const;         // null when there is none
    // A class that the program defines; an exception class where its base is one. A new type at every call.
    const Type* class_type(std::string_view name, const Type* base, ClassInfo* info);
    const Type* type_object(const Type* instance);  // the type of a class used as a value; args[0]: its instances
    const Type* function_ref(std::string_view key);  // of a function that is known at compile time, passed by its name
    const Type* variable();  // a fresh kVar

    // The union of the types: flattened, without doubles and kNever; one left: that one. A member that is a subclass of
    // another member is absorbed by it.
    const Type* unite(std::span<const Type* const> members);
    const Type* unite(const Type* a, const Type* b);
    const Type* optional(const Type* t) { return unite(t, none); }
    const Type* without(const Type* t, const Type* member);  // t minus a member; kNever when nothing is left

    // Replaces bound variables, everywhere inside. Unbound variables become kNever when `close` is set.
    const Type* resolve(const Type* t, bool close = false);
    // Whether a type was asked for since the last call that no program means: inference that grows without end doubles a
    // type at each step. Such a type is not made: Dynamic stands for it, or for what would be in it.
    [[nodiscard]] bool take_endless() { return std::exchange(endless_, false); }

  private:
    bool endless_ = false;
    const Type* intern(TypeKind kind, std::span<const Type* const> args, std::string_view name = {});
    const Type* make_basic(TypeKind kind);
};

// The variable's representative or its bound; any other type itself (only the outermost level).
[[nodiscard]] const Type* prune(const Type* t);

[[nodiscard]] bool is_numeric(const Type* t);           // bool, int, float
[[nodiscard]] bool is_pointer(const Type* t);           // stored as a pointer that is never null
[[nodiscard]] bool is_union_with_none(const Type* t);
[[nodiscard]] bool is_long_tuple(const Type* t);        // tuple[T, ...]
[[nodiscard]] bool contains(const Type* union_type, const Type* member);  // also true when equal
[[nodiscard]] bool is_subclass(const Type* t, const Type* base);          // classes and exceptions; reflexive
[[nodiscard]] Storage storage_of(const Type* t);
[[nodiscard]] bool holds_references(const Type* t);
// The type as a person writes it: "dict[str, int | None]".
[[nodiscard]] std::string to_string(const Type* t);
// The signature that the runtime interns: the same, without the arguments of crates' generic types.
[[nodiscard]] std::string signature_of(const Type* t);

}  // namespace kayton::types
