// What the checker knows of a user class: its methods, class attributes and the fields found so far. Fields are found
// from every method that assigns them and from annotations; their types grow until nothing new flows in.
// Owned by the Checker; a Type of kind kClass or kException points to its ClassInfo. One thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/syntax/ast.h"
#include "compiler/types/type.h"

namespace kayton::check {
struct FunctionDecl;
}

namespace kayton::types {

enum class MethodKind : uint8_t { kInstance, kStatic, kClass, kProperty };

struct Method {
    check::FunctionDecl* decl = nullptr;
    MethodKind kind = MethodKind::kInstance;
    check::FunctionDecl* setter = nullptr;  // of a property
    bool is_abstract = false;
    ClassInfo* owner = nullptr;
};

struct ClassField {
    std::string name;
    const Type* type = nullptr;  // a variable: grows
    const Type* annotated = nullptr;
    Span span;
    bool holds_none = false;    // None is one of its values
    bool may_be_unset = false;  // None says that the object has no such field yet
    int looked_in = -1;         // pass
};

// A field of a dataclass or named tuple, as its constructor takes it.
struct DataField {
    std::string_view name;
    syntax::Expr* annotation = nullptr;
    syntax::Expr* default_value = nullptr;    // as written, or null
    syntax::Expr* default_factory = nullptr;  // field(default_factory=…)
    bool in_init = true, in_repr = true, in_compare = true;
    bool keyword_only = false;
    bool init_only = false;  // InitVar: __post_init__ is given it, and no object has it
};

struct ClassInfo {
    std::string name;
    const Type* type = nullptr;
    const Type* type_object = nullptr;  // of the class itself as a value
    ClassInfo* base = nullptr;          // a user class, whose layout it continues; a built-in exception base is type->base
    std::vector<ClassInfo*> subclasses;
    std::vector<ClassInfo*> mro;        // where its attributes are looked up: itself first, built-in bases left out
    std::vector<ClassInfo*> mixed_into; // classes that have it among their further bases, not on the chain of `base`
    std::vector<const Type*> also;      // built-in exceptions among its further bases
    bool is_mixed = false;              // its mro is more than the chain of `base`
    const SourceFile* file = nullptr;
    Span span;
    syntax::Body body;
    std::string module;     // its name
    std::string qualified;  // "main.<locals>.Point"
    uint32_t number = 0;
    std::vector<ClassField> fields;  // its own, without the base's
    std::map<std::string, Method, std::less<>> methods;
    std::set<std::string, std::less<>> attributes;  // class attributes: globals named attribute_global(name)
    std::set<std::string, std::less<>> late;        // of these: a base's too, until they are assigned by way of this class
    std::map<std::string, const Type*, std::less<>> inner;  // classes that stand in its body
    std::vector<DataField> data_fields;             // inherited first
    std::vector<std::string_view> match_args;       // __match_args__
    bool is_dataclass = false, is_frozen = false;
    bool is_protocol = false;  // typing.Protocol stands among its bases: what has its methods is one
    bool is_enum = false;
    std::string_view plain_field;  // of objects that are a str, an int, a float or a tuple besides: the field that holds it; empty: not so
    bool is_flag = false;          // its members are sets of bits
    bool shows_value_enum = false;  // and are shown as those: IntEnum, StrEnum
    std::vector<std::string> enum_members;
    std::map<std::string, std::string, std::less<>> enum_aliases;  // other names of members
    bool instantiated = false;
    bool committed = false;  // compiled by an earlier cell: its layout is settled
    bool pending = false;    // declared by an earlier cell that had no use for it: the first that has settles its layout
    bool caught = false;     // an `except` names it
    int declared_in = -1;    // pass
    std::set<std::string, std::less<>> present;  // fields that every object has once __init__ is through
    int present_in = -1;                         // pass

    [[nodiscard]] std::string attribute_global(std::string_view attribute) const {
        return name + "#" + std::to_string(number) + "#" + std::string(attribute);
    }
};

}  // namespace kayton::types
