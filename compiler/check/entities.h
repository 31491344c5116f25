// What the checker knows of names: modules, functions and their instances, what a name can stand for, and how a name fares
// in a function's flow.
// Owned by the Checker, which is one thread's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/check/class_info.h"
#include "compiler/check/scope.h"
#include "compiler/types/type.h"
#include "compiler/types/typed_program.h"
#include "shared/manifest.h"

namespace kayton::check {

using types::Type;
using types::TypeContext;
using types::TypeKind;
using TExpr = typed::Expr;
using TStmt = typed::Stmt;
using RT = typed::RuntimeFn;

struct Instance;
struct FunctionState;
struct FunctionDecl;

// A module: the program itself or what it imports. Its global names are keyed with `prefix`.
struct Unit {
    std::string name = "__main__";  // dotted
    std::string prefix;             // "": the program's own names
    syntax::Module tree;
    FunctionDecl* body = nullptr;
    std::vector<Unit*> stars;  // `from m import *`
    bool is_package = false;
    bool committed = false;  // ran in an earlier cell
};

// A function, lambda or the module body as written.
struct FunctionDecl {
    std::string name;
    const SourceFile* file = nullptr;
    Span span;
    std::span<const syntax::Param> params;
    const syntax::Expr* returns = nullptr;
    syntax::Body body;
    const syntax::Expr* lambda_body = nullptr;
    bool is_fn = false;
    bool is_module = false;
    Unit* unit = nullptr;                 // the module it stands in
    types::ClassInfo* owner = nullptr;    // of a method: the class whose body it stands in
    std::string qualified;                // "Point.area" for methods; else empty
    bool is_cached = false;               // @lru_cache, @cache
    bool is_decoration = false;           // the body of a decorator, run for one function: a module of its own
    std::vector<std::pair<std::string_view, const Type*>> bound;  // what a value of it is made with, by name
    bool is_generator = false;
    Scope scope;
    FunctionDecl* parent = nullptr;      // null at module level
    Instance* parent_instance = nullptr;  // the activation that a nested function belongs to
    static constexpr size_t kMaxInstances = 64;  // where types may grow from call to call
    std::vector<std::unique_ptr<Instance>> instances;
};

// What a name or attribute can stand for besides a value.
enum class EntityKind { kNothing, kValue, kFunction, kBuiltin, kType, kModule, kModuleMember, kCrate, kCrateFunctions, kCrateType, kSuper, kBoundMethod };
struct Entity {
    EntityKind kind = EntityKind::kNothing;
    FunctionDecl* function = nullptr;
    std::string name;                 // builtin, module ("os.path"), module member ("math.sqrt"), crate path ("regex.Regex")
    const Type* type = nullptr;       // kType, kCrateType; kSuper: the class it stands in
    const Manifest* manifest = nullptr;
    TExpr* value = nullptr;           // kBoundMethod: the object
    const syntax::AttributeExpr* attribute = nullptr;  // kBoundMethod: as written
    const syntax::Expr* written = nullptr;             // of another name of a type: what it stands for
};

// A decl with the types of its parameters.
struct Instance {
    FunctionDecl* decl = nullptr;
    std::vector<const Type*> args;
    const Type* forced_result = nullptr;  // set for function values: what callers of the value expect
    bool may_widen = false;               // those may take more
    const Type* wider = nullptr;          // of the latest pass: what did not fit forced_result, joined with it
    const Type* result = nullptr;         // grows; kNever until a return was seen
    int checked_in = -1;                  // pass
    bool in_progress = false;
    bool is_closure = false;
    uint32_t number = 0;
    typed::Function* function = nullptr;  // of the latest pass
    std::map<const void*, const Type*> variables;                 // inference variables by syntax node
    std::map<std::pair<const void*, int>, const Type*> extra_variables;
    std::map<std::string_view, const Type*> pinned;               // names of several types: their union
    std::map<const void*, std::map<uint32_t, const Type*>> loop_types;  // what names carry back to a loop's head
    std::map<const void*, std::unique_ptr<FunctionDecl>> nested;
    std::map<const void*, std::unique_ptr<types::ClassInfo>> nested_classes;
    bool wants_sent = false;                             // a generator that uses what it is sent
    std::set<std::string_view> captured;                 // names that nested functions share: they live in cells
    std::vector<std::string_view> shared;                // names that this one takes from the functions around it
    std::map<std::string_view, uint32_t> pinned_locals;  // of the latest pass
    std::map<std::string_view, Entity> entities;  // nested functions and imports, by name
};


// A name in a function's flow.
enum class Bound : uint8_t { kNo, kMaybe, kYes };
struct VarState {
    int32_t local = -1;                // -1: not in a local
    const Type* declared = nullptr;    // type of the local or global
    const Type* flow = nullptr;        // what it is known to be here; part of `declared`
    Bound bound = Bound::kNo;
    bool global = false;               // stored in a module global
    std::shared_ptr<Entity> entity;    // imports, functions: compile-time values
};
struct Env {
    bool reachable = true;
    std::vector<VarState> vars;
    std::map<std::string_view, const Type*> paths;  // "self.head": what it is known to be here
};

struct GlobalName {
    const Type* declared = nullptr;  // grows
    uint32_t index = 0;              // in the typed program of this pass, valid when listed_in == pass
    int listed_in = -1;
    std::string symbol;
    bool external = false;
    Entity entity;                   // functions, imports and so on
    Span span;
    std::string_view definition;     // of a function or class of an earlier cell: its text
};

struct Narrowing {
    std::string_view name;
    const Type* type;
};
struct Condition {
    TExpr* test;  // bool
    std::vector<Narrowing> when_true, when_false;
    // What the test comes to whatever the run is; nullopt: that depends. An operand before the one that decides may
    // still have to be evaluated.
    [[nodiscard]] std::optional<bool> decided() const { return decided(*test); }

  private:
    [[nodiscard]] static std::optional<bool> decided(const TExpr& test);
};

// The class and its subclasses, those that objects are made of.
void collect_concrete(types::ClassInfo& c, std::vector<types::ClassInfo*>& out);

// Whether a default is the same whenever it is evaluated: calls write it out.
[[nodiscard]] bool is_literal(const syntax::Expr& e);

// `Final` of `typing.Final[int]`: the name at the end of a path, before what it is called or subscripted with.
[[nodiscard]] std::string_view last_name(const syntax::Expr& e);

}  // namespace kayton::check
