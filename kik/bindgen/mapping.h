// Values across a thunk: how a Rust type is read from its native representation (a parameter) and written back (a
// result), what it is called in Kayton, and which objects a result keeps alive. A CallMapper serves one thunk.
// The tables of types (TypeTable) are shared by all thunks of a wrapper. One thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kik/bindgen/names.h"
#include "kik/bindgen/types.h"

namespace kayton::bindgen {

// kErrorValue: the handle type of the Rust value that an exception of the crate carries.
enum class SlotKind { kHandle, kException, kErrorValue, kComposed };

struct TypeSlotEntry {
    SlotKind kind;
    std::string name;  // Kayton's
    TyRef type;        // handles and exceptions
    std::string rust;  // handles
};

// The wrapper's table of types, in order of first use. New handle types are what the generator visits next.
class TypeTable {
  public:
    // `left_out` holds "type <name>" for types that rustc rejected; using one throws Unmapped.
    TypeTable(World& world, Normalizer& normalizer, Names& names, const std::map<std::string, std::string>& left_out)
        : world_(world), normalizer_(normalizer), names_(names), left_out_(left_out) {}

    [[nodiscard]] int handle(const TyRef& type);
    [[nodiscard]] int exception(const TyRef& type);
    [[nodiscard]] int error_value(const TyRef& type);
    [[nodiscard]] int composed(const std::string& signature);
    // A handle type as signatures show it: "indexmap.IndexMap[$K, $V]".
    [[nodiscard]] std::string shown(int slot, const Ty& type) const;
    // A boxed iterator over `item`, for results that have no name of their own.
    [[nodiscard]] int iterator(const TyRef& item);
    // The wrapper's module that makes a trait object of that type from any value; throws Unmapped where none can.
    [[nodiscard]] std::string object(const Ty& type);
    [[nodiscard]] const std::vector<TypeSlotEntry>& entries() const { return entries_; }
    [[nodiscard]] const std::map<int, TyRef>& iterator_items() const { return iterator_items_; }
    struct TraitObject {
        std::string rust;   // "shapes::Shape + Send"
        std::string shown;  // "shapes.Shape"
        Bound trait;
    };
    [[nodiscard]] const std::vector<TraitObject>& objects() const { return objects_; }

    [[nodiscard]] bool is_copy(const Ty& type);
    [[nodiscard]] bool is_clone(const Ty& type);
    [[nodiscard]] bool is_error(
        const Ty& type);  // a crate's type that implements std::error::Error: an exception class
    // A value that may change behind a shared reference, by its auto traits.
    [[nodiscard]] bool has_interior_mutability(const Ty& type);
    [[nodiscard]] bool is_handle(const Ty& type);
    // A map or set of std, or of the crate that std's are made from: a dict or a list in results.
    [[nodiscard]] bool is_map(const Ty& type) const;
    [[nodiscard]] bool is_set(const Ty& type) const;
    [[nodiscard]] Names& names() { return names_; }
    [[nodiscard]] Normalizer& normalizer() { return normalizer_; }
    [[nodiscard]] World& world() { return world_; }
    bool unlimited = false;  // more instances than one wrapper holds by itself: somebody asked for them

  private:
    [[nodiscard]] bool has_impl(const Ty& type, const Path& trait);
    [[nodiscard]] bool is_sound(const Ty& type);
    [[nodiscard]] bool fails_with(const Path& path);
    // Refuses an instance beyond what one wrapper holds.
    void count_instance(const TyRef& type, const std::string& name);
    World& world_;
    Normalizer& normalizer_;
    Names& names_;
    const std::map<std::string, std::string>& left_out_;
    std::vector<TypeSlotEntry> entries_;
    std::map<std::string, int> by_name_;
    std::map<int, TyRef> iterator_items_;
    std::vector<TraitObject> objects_;
    std::map<std::pair<std::string, std::string>, bool> has_impl_;  // (type, trait)
    std::optional<std::set<Path>> failures_;                        // made at the first question
    std::map<std::string, bool> sound_;                             // by type
    std::map<Path, int> instances_;                                 // of each generic definition
};

// A value in storage form: what list elements, tuple members and results are.
struct Mapped {
    std::string kayton;   // "regex.Match | None"
    std::string storage;  // Rust type: "H", "i64", "KtValue", "T2<S, i64>"
    std::string code;     // expression: of the Rust value (reading) or of the storage (writing)
    bool nullable = false;

    [[nodiscard]] bool aggregate() const {
        return storage == "KtValue" || storage == "KtRange" ||
               (storage.size() > 1 && storage[0] == 'T' && storage[1] >= '1' && storage[1] <= '9');
    }
    [[nodiscard]] bool pointer() const {
        return storage == "H" || storage == "X" || storage == "S" || storage == "B" || storage == "L" ||
               storage == "D" || storage == "Fun";
    }
};

// Where a borrowed result may point into: one argument and one of its lifetimes.
struct Source {
    std::string lifetime;
    std::string place;  // "a0"
    enum Kind { kKeep, kShared, kExclusive, kInherit, kKeepItems, kSharedItems } kind;
    uint32_t slots = 0;  // kInherit: the slots of the argument's type that have this lifetime
    int param = 0;
};

class CallMapper {
  public:
    CallMapper(TypeTable& table, std::string call_name) : table_(table), call_name_(std::move(call_name)) {}

    // Reads parameter `index` (its place is "a<index>").
    [[nodiscard]] Mapped parameter(int index, const TyRef& type);
    // Writes `expression`.
    [[nodiscard]] Mapped result(const TyRef& type, const std::string& expression);

    // Lifetimes of the result: parameters that convert into temporaries refuse to be borrowed from.
    std::set<std::string> result_lifetimes;
    // 'a -> lifetimes that outlive it ('b: 'a).
    std::map<std::string, std::set<std::string>> outlived_by;
    // Receiver, for builders that return it.
    TyRef self_type;
    std::string self_lifetime;

    std::string statements;  // run before the call, in order
    std::string after;       // run after the result is made
    std::vector<Source> sources;
    std::vector<std::pair<std::string, bool>> handle_places;  // place, changed or moved
    std::vector<std::string> handle_list_places;
    std::vector<std::pair<std::string, bool>> lent_places;  // handles seen through & or &mut (true) while the call runs
    std::string raises;
    bool returns_self = false;
    // An operator: what it takes by value and can be copied stays, as Python's operands do.
    bool is_operator = false;
    std::set<int> borrowed_params;

    // Checks and attachments that need all parameters; to be called once they are read.
    void finish_parameters(const std::vector<TyRef>& types);

  private:
    [[nodiscard]] Mapped read(const TyRef& type, const std::string& place, bool top);
    [[nodiscard]] Mapped read_ref(const Ty& type, const std::string& place, bool top);
    [[nodiscard]] Mapped read_path(const TyRef& type, const std::string& place, bool top);
    [[nodiscard]] Mapped read_closure(const Ty& type, const std::string& place);
    [[nodiscard]] Mapped read_bound_closure(const Ty& type, const std::string& place);
    [[nodiscard]] Mapped temporary(const TyRef& inner, const Ty& ref, const std::string& place, bool top,
                                   const std::string& view);
    [[nodiscard]] Mapped write(const TyRef& type, const std::string& expression);
    [[nodiscard]] Mapped write_ref(const Ty& type, const std::string& expression);
    [[nodiscard]] Mapped write_path(const TyRef& type, const std::string& expression);
    [[nodiscard]] Mapped write_list(const TyRef& element, const std::string& expression);
    [[nodiscard]] Mapped write_dict(const TyRef& key, const TyRef& value, const std::string& expression);
    [[nodiscard]] Mapped write_option(const TyRef& inner, const std::string& expression);
    [[nodiscard]] Mapped write_result(const Ty& type, const std::string& expression);
    [[nodiscard]] std::string error_class(const Ty& error);
    [[nodiscard]] std::string links(const std::vector<std::string>& slots, const std::string& reference);
    void add_source(const std::string& lifetime, const std::string& place, Source::Kind kind, uint32_t slots = 0);
    [[nodiscard]] std::string fresh(const char* stem) { return stem + std::to_string(next_++); }

    TypeTable& table_;
    std::string call_name_;
    int next_ = 0;
    int param_ = 0;
};

// The signature that the runtime knows: "$K" is Dynamic, a crate's type stands without its arguments.
[[nodiscard]] std::string erased(const std::string& signature);
[[nodiscard]] bool is_integer(const Ty& type);
[[nodiscard]] bool is_byte_array(const Ty& type);  // [u8; N], hybrid_array::Array<u8, _>, GenericArray<u8, _>
// "tuple[A, B]" and so on, of mapped members.
[[nodiscard]] std::string tuple_storage(const std::vector<Mapped>& members);

}  // namespace kayton::bindgen
