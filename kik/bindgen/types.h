// Rust types as the generator handles them: normalised from rustdoc's JSON (aliases expanded, defaults filled in,
// elided lifetimes named, associated types resolved where an impl says so), compared, matched against patterns, and
// written back as Rust. A Ty is immutable and shared. Reads the World's documents; one thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kik/bindgen/rustdoc.h"

namespace kayton::bindgen {

enum class TyKind {
    kPrim,        // name: "u8", "str", "never"
    kTuple,       // args; no args: ()
    kRef,         // args[0], lifetimes[0], is_mut
    kSlice,       // args[0]
    kArray,       // args[0], name: the length
    kPath,        // path (canonical), args (types and consts), lifetimes
    kGeneric,     // name: a parameter that is not substituted
    kImpl,        // bounds
    kDyn,         // bounds
    kProjection,  // name; args[0]: self; bounds[0]: the trait, if written
    kRawPointer,
    kFnPointer,   // args, then the result; name "closure": what stands for a parameter bounded by Fn
    kConst,       // name: a const argument
    kUnsupported  // name: why
};

struct Ty;
using TyRef = std::shared_ptr<const Ty>;

struct Bound {
    std::string outlives;  // not empty: a lifetime bound, and nothing else is set
    Path trait;
    std::vector<TyRef> args;
    std::vector<std::string> lifetimes;
    std::map<std::string, TyRef> assoc;                      // Item = T
    std::map<std::string, std::vector<Bound>> assoc_bounds;  // Item: Trait
    bool is_fn = false;                                      // Fn(A) -> B: args are the inputs, assoc["Output"]
};

struct Ty {
    TyKind kind = TyKind::kUnsupported;
    std::string name;
    Path path;
    std::vector<TyRef> args;
    std::vector<std::string> lifetimes;
    bool is_mut = false;
    std::vector<Bound> bounds;

    [[nodiscard]] bool is_prim(std::string_view which) const { return kind == TyKind::kPrim && name == which; }
    [[nodiscard]] bool is_unit() const { return kind == TyKind::kTuple && args.empty(); }
    // A path of the standard library whose last part is `last` (and whose module is `module`, when given).
    [[nodiscard]] bool is_std_path(std::string_view last, std::string_view module = {}) const;
};

[[nodiscard]] TyRef make_prim(const std::string& name);
[[nodiscard]] TyRef make_ref(TyRef inner, std::string lifetime, bool is_mut = false);
[[nodiscard]] TyRef make_tuple(std::vector<TyRef> members);
[[nodiscard]] TyRef make_slice(TyRef element);
// kayton_bind's Dynamic, standing for the type parameter of that name.
[[nodiscard]] TyRef make_dynamic(const std::string& parameter);
[[nodiscard]] bool is_dynamic(const Ty& ty);
// The Dynamics inside, in order: what a generic handle's arguments in Kayton are.
[[nodiscard]] std::vector<std::string> dynamic_leaves(const Ty& ty);
[[nodiscard]] TyRef make_path(Path path, std::vector<TyRef> args = {}, std::vector<std::string> lifetimes = {});

// Text that is equal for equal types; lifetimes are left out unless asked for.
[[nodiscard]] std::string type_key(const Ty& ty, bool with_lifetimes = false);
// Lifetimes in order of appearance, one entry for each place: the slots of a handle type. Without 'static.
[[nodiscard]] std::vector<std::string> lifetime_slots(const Ty& ty);
[[nodiscard]] bool mentions_generic(const Ty& ty);
[[nodiscard]] bool mentions_static(const Ty& ty);

// Substitution of type and lifetime parameters.
struct Subst {
    std::map<std::string, TyRef> types;
    std::map<std::string, std::string> lifetimes;
    // Lifetimes that unify() met for one that was bound already: they stand for the same lifetime.
    std::vector<std::pair<std::string, std::string>> equal_lifetimes;
};
[[nodiscard]] TyRef substitute(const TyRef& ty, const Subst& subst);
// Finds the substitution that makes `pattern` equal to `ty`; false when there is none.
[[nodiscard]] bool unify(const Ty& pattern, const Ty& ty, Subst& subst);

// An impl block as met at a concrete self type.
struct ImplContext {
    const RustdocCrate* crate = nullptr;
    const Json* impl = nullptr;  // body of the impl
    Subst subst;
    TyRef self;
};

// Whether a bound is met; what is not known is left to rustc.
enum class Answer { kNo, kUnknown, kYes };

// A public alias and its arguments for one type.
struct AliasUse {
    ItemRef item;
    std::vector<TyRef> args;
};

class Normalizer {
  public:
    explicit Normalizer(World& world) : world_(world) {}

    // What an elided lifetime becomes; called once for each place.
    std::function<std::string()> elided = [] { return std::string("'_"); };
    // Associated types of the impl at hand are looked up here first.
    std::optional<ImplContext> current_impl;
    // Public aliases met, by key of the type they name.
    std::map<std::string, AliasUse> aliases;

    [[nodiscard]] TyRef type(const RustdocCrate& crate, const Json& json, const Subst& subst);
    [[nodiscard]] Bound trait_bound(const RustdocCrate& crate, const Json& trait, const Subst& subst);
    [[nodiscard]] std::vector<Bound> bounds(const RustdocCrate& crate, const Json& list, const Subst& subst);
    // The type `name` of `trait` for `self`, or null when no impl at hand says it.
    [[nodiscard]] TyRef associated(const Ty& self, const std::string& name, const Bound* trait);
    // Associated types inside `ty` that have become known, after a substitution.
    [[nodiscard]] TyRef settle(const TyRef& ty);
    // Impl of `trait` (canonical path) for `self`, unified, or nothing.
    // `args`: the trait's own arguments, when they matter.
    [[nodiscard]] std::optional<ImplContext> find_impl(const Ty& self, const Path& trait,
                                                       const std::vector<TyRef>& args = {});

    // conditions.cpp: whether a type meets a bound, and whether an item's generics hold under a substitution; what
    // mentions parameters that are still open is kUnknown.
    [[nodiscard]] Answer holds(const Ty& self, const Bound& bound);
    [[nodiscard]] Answer conditions(const RustdocCrate& crate, const Json& generics, const Subst& subst);

  private:
    [[nodiscard]] TyRef resolved_path(const RustdocCrate& crate, const Json& json, const Subst& subst);
    [[nodiscard]] TyRef expand_alias(const ItemRef& alias, const std::vector<TyRef>& args,
                                     const std::vector<std::string>& lifetimes);
    [[nodiscard]] TyRef from_impl(const ImplContext& context, const std::string& name);
    // An impl of a list of a crate's JSON, and the type it is for, made when first asked for.
    struct KnownImpl {
        const Json* impl = nullptr;
        TyRef pattern;
    };
    [[nodiscard]] std::vector<KnownImpl>& impls_of(const RustdocCrate& crate, const Json& ids, const Path& trait);
    [[nodiscard]] bool is_public(const Path& trait);
    [[nodiscard]] TyRef inherited(const Ty& self, const std::string& name, const Path& trait, const Subst& subst);
    [[nodiscard]] Answer find_answer(const Ty& self, const Bound& bound);
    [[nodiscard]] Answer impl_fits(const RustdocCrate& crate, KnownImpl& known, const Ty& self, const Bound& bound);
    [[nodiscard]] std::vector<KnownImpl>& crate_impls(const RustdocCrate& crate, const Path& trait);
    World& world_;
    int depth_ = 0;
    int condition_depth_ = 0;
    std::map<std::string, Answer> holds_;  // of questions asked before
    std::map<const RustdocCrate*, std::map<Path, std::vector<KnownImpl>>> crate_impls_;
    // By the address of the list in the document, which stays as it is.
    std::map<const Json*, std::map<Path, std::vector<KnownImpl>>> known_impls_;
};

// Number of lifetime parameters of a type of the standard library.
[[nodiscard]] size_t std_lifetime_count(const Path& path);

}  // namespace kayton::bindgen
