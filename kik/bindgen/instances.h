// Instances of generic functions: which concrete types a type parameter is bound for, chosen from its bounds.
// Conversion bounds (AsRef, Into, IntoIterator, ...) become what the conversion starts from; a crate's own trait
// becomes the types that implement it; what has no instance says why. Plain functions over the World; one thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kik/bindgen/mapping.h"

namespace kayton::bindgen {

struct TypeParam {
    std::string name;
    std::vector<Bound> bounds;
    std::vector<Bound> item_bounds;  // of <P as IntoIterator>::Item
    std::vector<TyRef> exact;        // what another bound decides it to be
    bool synthetic = false;          // stands for `impl Trait`: not written between ::< >
};

class Instances {
  public:
    explicit Instances(TypeTable& table) : table_(table) {}

    // Type parameters of an item's "generics", with their where clauses; `known` are decided already.
    // Throws Unmapped for const parameters.
    [[nodiscard]] std::vector<TypeParam> params(const RustdocCrate& crate, const Json& generics, const Subst& known);
    // Parameters that stand, in `types`, where a generic definition has a default, are decided by it.
    void take_defaults(std::vector<TypeParam>& params, const std::vector<TyRef>& types);
    // Every combination to bind, at most `limit`, of those that `fits` lets through, also half made; throws Unmapped
    // when a parameter has none.
    using Fits = std::function<bool(const Subst&)>;
    [[nodiscard]] std::vector<Subst> choose(std::vector<TypeParam> params, const Subst& known, size_t limit = 8,
                                            const Fits& fits = {});
    // The types that a parameter with these bounds is bound for; throws Unmapped when there is none.
    [[nodiscard]] std::vector<TyRef> candidates(const TypeParam& param, int depth);

  private:
    // `beside`: the other bounds of the same parameter.
    [[nodiscard]] std::vector<TyRef> implementors(const Bound& bound, const std::vector<Bound>& beside, int depth);
    [[nodiscard]] std::vector<TyRef> find_implementors(const Bound& bound, const std::vector<Bound>& beside, int depth);
    [[nodiscard]] std::vector<TyRef> closures(const TypeParam& param, const Bound& bound);
    // Types of the crates at hand that implement a trait of another crate, and the values of std that serde takes.
    [[nodiscard]] std::vector<TyRef> iterators_over(const Ty& element);
    [[nodiscard]] std::vector<TyRef> iterable_references();
    [[nodiscard]] std::pair<size_t, size_t> remoteness(const Ty& type);
    [[nodiscard]] std::vector<TyRef> numbered(const TyRef& type);
    [[nodiscard]] bool lists_blanket(const Ty& type, const Path& trait);
    [[nodiscard]] std::vector<TyRef> known_implementors(const Path& trait);
    [[nodiscard]] TyRef json_value();
    [[nodiscard]] std::vector<TyRef> impl_arguments(const Ty& type, const Path& trait);
    [[nodiscard]] std::vector<TyRef> conversions_into(const TyRef& target, int depth);
    TypeTable& table_;
    // Of each trait asked for: the table's types that have it, found among the first `looked_at` entries.
    struct Implementors {
        size_t looked_at = 0;
        std::vector<TyRef> enums, others;
    };
    std::map<Path, Implementors> implementors_;
    Implementors iterables_;
    std::map<std::string, std::pair<size_t, std::vector<TyRef>>> found_;  // implementors, with the size of the table then
    std::map<std::string, Implementors> implementors_of_item_;  // iterators, by what they give
};

}  // namespace kayton::bindgen
