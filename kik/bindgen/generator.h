// The generator's state: walks the public items of a crate, binds what can be bound, and keeps for every public
// callable unit whether a program can use it and, if not, why. One Generator serves one generate() call; one thread.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kik/bindgen/asked_instances.h"
#include "kik/bindgen/bindgen.h"
#include "kik/bindgen/instances.h"
#include "kik/bindgen/mapping.h"

namespace kayton::bindgen {

// How a bound function differs from a plain call.
enum class Protocol {
    kCall,
    kNext,     // Iterator::next: KT_STOP at None
    kCompare,  // Ord::cmp
    kPartial,  // PartialOrd::partial_cmp: 2 when unordered
    kAssign,   // a += b: gives the receiver back
};

struct Binding {
    ItemRef unit;       // the function item
    std::string name;   // "regex.Regex.new"
    std::string owner;  // "regex.Regex" or empty
    TyRef self;         // null for free functions
    Subst subst;
    std::optional<ImplContext> impl;
    const Json* impl_generics = nullptr;
    std::function<std::string(const Subst&)> callee;  // "<regex::Regex>::new"
    Protocol protocol = Protocol::kCall;
    std::string op;             // member of KtTypeOps that this thunk also is
    std::string receiver_view;  // Deref: how the receiver is reached, "&**" before the handle's reference
    bool extension = false;     // a trait's method on a built-in type
    bool is_operator = false;   // +, -, ...
};

struct Thunk {
    std::string id;    // stable name in the registry
    std::string rust;  // "t12"
    std::string text;  // one line of lib.rs
    ManifestFunction function;
    ItemRef unit;
    std::string op;
    int op_slot = -1;
};

// A public callable unit of Rust.
struct Unit {
    std::string label;  // "regex.Regex.replace_all"
    bool own = false;   // of the crate itself, not of a re-exported dependency
    bool importable = false;
    std::set<std::string> reasons;
};

class Generator {
  public:
    Generator(const BindgenRequest& request, World& world, const RustdocCrate& main);
    [[nodiscard]] Bindings run();

  private:
    // walk.cpp
    void visit_items();
    // generic_items.cpp: instances of generic types and aliases, and what else the manifest says about names.
    [[nodiscard]] std::vector<TyRef> instances_of(const ItemRef& item);
    std::vector<TyRef> concrete_instances(const ItemRef& item);
    [[nodiscard]] std::vector<TyRef> used_instances(const ItemRef& item);
    void visit_generic_alias(const ItemRef& item, bool others);
    void name_instance(const TyRef& type, const Path& path, const std::vector<TyRef>& args);
    void visit_extension_traits();
    void visit_index_mut(const TyRef& type, const std::string& name, const ImplContext& context, const Bound& trait,
                         const ItemRef& item);
    // What std gives to readers and writers beside the methods that an impl must have.
    void visit_stream(const TyRef& type, const std::string& name, const std::string& trait);
    [[nodiscard]] std::vector<ManifestAlias> second_paths() const;
    void visit_free_function(const ItemRef& item, const Path& path);
    void visit_constant(const ItemRef& item, const Path& path);
    void visit_type(const TyRef& type, int slot);
    void visit_impl(const TyRef& type, const std::string& name, const RustdocCrate& crate, const Json& impl);
    // Of `context.impl`, which is of a trait.
    void visit_trait_impl(const TyRef& type, const std::string& name, const ImplContext& context);
    void visit_trait_methods(const TyRef& type, const std::string& name, const ImplContext& context,
                             const Bound& trait);
    void visit_deref(const TyRef& type, const std::string& name, const ImplContext& context);
    // Deref to a slice, a Vec or text: what std's own methods give.
    void visit_std_target(const TyRef& type, const std::string& name, const TyRef& target);
    void visit_fields(const TyRef& type, const std::string& name, const ItemRef& item);
    void visit_variants(const TyRef& type, const std::string& name, const ItemRef& item);
    // What patterns need: which variant a value is, and the fields of each.
    void visit_cases(const TyRef& type, const std::string& name, const ItemRef& item, const Subst& subst);
    // `path`: "<T>" or "<T as Trait>".
    void visit_associated_constant(const TyRef& type, const std::string& name, const RustdocCrate& crate,
                                   const Json& item, const Subst& subst, const std::string& path);
    void visit_std_type(const TyRef& type, int slot);
    void visit_iterator(int slot);
    void bind_iterator(const TypeSlotEntry& entry, const TyRef& item, const std::vector<std::string>& slots);
    void visit_pending_types();
    void collect_unseen_units();
    [[nodiscard]] TyRef plain_instance(const ItemRef& item);

    // recipe.cpp
    void add_recipe_functions();

    // walk_asked.cpp
    using BindChoice = std::function<void(const Subst&)>;
    void read_asked();
    [[nodiscard]] ItemRef find_public(const std::string& name, bool types) const;
    [[nodiscard]] TyRef asked_type(const AskedType& asked);
    [[nodiscard]] std::pair<TyRef, std::vector<TyRef>> asked_instance(const ItemRef& item, const std::vector<TyRef>& args,
                                                                      const std::string& name);
    void visit_asked_types();
    // Those of asked_ that name this function.
    [[nodiscard]] std::vector<size_t> asked_of(const Binding& binding);
    // `params`: those of the impl, then from `own` on the function's.
    void bind_asked(size_t which, const std::vector<TypeParam>& params, size_t own, const Subst& base,
                    const Instances::Fits& fits, const BindChoice& bind_choice);
    [[nodiscard]] std::map<std::string, std::string> missing_instances();

    // protocols.cpp: true when the method of a standard trait was bound as a protocol (or deliberately not at all).
    [[nodiscard]] bool bind_protocol(const TyRef& type, const std::string& name, const ItemRef& unit,
                                     const Bound& trait, const ImplContext& context);

    // binding.cpp
    void bind(const Binding& binding);
    [[nodiscard]] std::string written_type(const Ty& type);
    [[nodiscard]] TyRef awaited_output(const Ty& type);
    void bind_instance(const Binding& binding, const Subst& subst, const std::vector<TypeParam>& params, size_t impls);
    // A thunk written by hand; `body` uses the parameters a0, a1, ... and gives the storage value of the result.
    void add_thunk(ManifestFunction function, const std::vector<Mapped>& params, const Mapped& result,
                   const std::string& body, const ItemRef& unit, const std::string& op = "", int op_slot = -1);
    [[nodiscard]] bool full() const;
    [[nodiscard]] bool is_main(const Ty& type) const;
    [[nodiscard]] std::string next_stable(const std::string& name);
    void refuse(const ItemRef& unit, const std::string& label, const std::string& reason);
    Unit& unit(const ItemRef& item, const std::string& label);
    void skip(const std::string& item, const std::string& reason);

    // emission.cpp
    void take_removed();
    [[nodiscard]] bool is_removed(const TypeSlotEntry& entry) const;
    [[nodiscard]] std::string having(const Bound& trait);
    [[nodiscard]] std::string lib_rs(std::map<int, std::string>& thunk_at_line);
    [[nodiscard]] Manifest manifest();

    const BindgenRequest& request_;
    World& world_;
    const RustdocCrate& main_;
    std::map<ItemRef, Path> public_names_;
    Normalizer normalizer_;
    Names names_;
    TypeTable table_;
    Instances instances_;
    std::vector<Thunk> thunks_;
    std::map<ItemRef, Unit> units_;
    std::vector<ManifestSkipped> skipped_;
    std::map<std::string, int> attempts_;  // at functions of a name: rounds of one wrapper number them alike
    std::map<std::string, std::string> signatures_;  // "name(params)" -> stable name of the thunk that has it
    size_t visited_types_ = 0;
    int next_thunk_ = 0;
    // Of handle types: the generic items they are instances of, and the arguments.
    struct InstanceNames {
        std::vector<std::string> names, args;
    };
    std::map<int, InstanceNames> instance_names_;
    std::map<std::string, std::vector<std::pair<Path, std::vector<TyRef>>>> waiting_names_;  // aliases, by type
    std::map<Path, std::set<Path>> named_;  // of generic definitions: the aliases whose instances are made at once
    std::vector<std::string> traits_;
    std::vector<ManifestAlias> alias_paths_;
    std::map<std::string, std::vector<TyRef>> bounds_known_;
    std::map<Path, std::vector<std::pair<TyRef, int>>> uses_;  // of generic items in the crate's signatures
    bool uses_known_ = false;
    struct Asked {
        AskedType type;
        std::set<std::string> thunks;
        std::string reason;
        int slot = -1;     // of a type
        bool met = false;  // a function of that name was met
        bool there = false;  // what it would be had been chosen anyway
    };
    std::vector<Asked> asked_;
    int room_ = 0;           // thunks that what was asked for may be numbered up to
    bool repeated_ = false;  // the last thunk's signature was there
};

// "fn find<'h>(&self, haystack: &'h str) -> Option<Match<'h>>"
[[nodiscard]] std::string rust_signature(const Json& function_item);

}  // namespace kayton::bindgen
