#include "kik/bindgen/mapping.h"

#include <algorithm>

#include "kik/bindgen/everyday_types.h"

namespace kayton::bindgen {

namespace {

const Path kCopyTrait = {"core", "marker", "Copy"};
const Path kCloneTrait = {"core", "clone", "Clone"};
const Path kErrorTrait = {"core", "error", "Error"};

// A generic definition that its own methods wrap and combine would fill a wrapper with instances nobody asked for:
// those met first, which are the nearest to the crate's own functions, are made.
constexpr int kMostInstances = 8;
constexpr int kMostNamed = 32;
constexpr size_t kMostIterators = 96;

}  // namespace

bool is_integer(const Ty& type) {
    static const std::set<std::string> names = {"i8", "i16", "i32", "i64", "i128", "isize",
                                                "u8", "u16", "u32", "u64", "u128", "usize"};
    return type.kind == TyKind::kPrim && names.contains(type.name);
}

bool is_byte_array(const Ty& type) {
    if (type.kind == TyKind::kArray) return type.args[0]->is_prim("u8");
    return type.kind == TyKind::kPath && !type.args.empty() && type.args[0]->is_prim("u8") &&
           ((type.path[0] == "hybrid_array" && type.path.back() == "Array") ||
            (type.path[0] == "generic_array" && type.path.back() == "GenericArray"));
}

std::string erased(const std::string& signature) {
    std::string out;
    std::string word;
    int skipped = 0;
    const auto flush = [&] {
        if (!word.empty()) out += word[0] == '$' ? "Dynamic" : word;
        word.clear();
    };
    for (const char c : signature) {
        if (skipped > 0) {
            skipped += c == '[' ? 1 : c == ']' ? -1 : 0;
            continue;
        }
        if (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '$') {
            word += c;
            continue;
        }
        if (c == '[' && word.find('.') != std::string::npos) {
            flush();
            skipped = 1;
            continue;
        }
        flush();
        out += c;
    }
    flush();
    for (const std::string_view optional : {"Dynamic | None"})
        for (size_t at; (at = out.find(optional)) != std::string::npos;) out.replace(at, optional.size(), "Dynamic");
    return out;
}

std::string TypeTable::shown(int slot, const Ty& type) const {
    std::string arguments;
    for (const std::string& leaf : dynamic_leaves(type)) arguments += (arguments.empty() ? "[$" : ", $") + leaf;
    const std::string& name = entries_[static_cast<size_t>(slot)].name;
    return arguments.empty() ? name : name + arguments + "]";
}

std::string tuple_storage(const std::vector<Mapped>& members) {
    if (members.size() > 6) throw Unmapped{"a tuple of more than six members"};
    std::string out = "T" + std::to_string(members.size()) + "<";
    for (const Mapped& member : members) out += (&member == &members[0] ? "" : ", ") + member.storage;
    return out + ">";
}

bool TypeTable::has_impl(const Ty& type, const Path& trait) {
    const auto [known, fresh] = has_impl_.try_emplace({type_key(type), trait.back()}, false);
    if (fresh) known->second = normalizer_.find_impl(type, trait).has_value();
    return known->second;
}

bool TypeTable::is_copy(const Ty& type) {
    static const std::set<std::string> std_copy = {
        "Ipv4Addr", "Ipv6Addr", "IpAddr", "SocketAddr", "SocketAddrV4", "SocketAddrV6", "SystemTime", "Instant",
        "FileType", "ThreadId", "TypeId", "Duration",   "Ordering",     "ErrorKind",    "Alignment"};
    switch (type.kind) {
        case TyKind::kPrim: return type.name != "str";
        case TyKind::kRef: return !type.is_mut;
        case TyKind::kArray: return is_copy(*type.args[0]);
        case TyKind::kTuple:
            for (const TyRef& member : type.args)
                if (!is_copy(*member)) return false;
            return true;
        case TyKind::kPath:
            if (is_std(type.path)) {
                if (type.path.back() == "Option" || type.path.back() == "NonZero") return is_copy(*type.args[0]);
                return std_copy.contains(type.path.back());
            }
            return has_impl(type, kCopyTrait);
        default: return false;
    }
}

bool TypeTable::is_clone(const Ty& type) {
    if (is_copy(type) || is_dynamic(type)) return true;
    return type.kind == TyKind::kPath && !is_std(type.path) && has_impl(type, kCloneTrait);
}

bool TypeTable::is_error(const Ty& type) {
    if (type.kind != TyKind::kPath) return false;
    if (is_std(type.path)) return false;
    return fails_with(type.path) || has_impl(type, kErrorTrait);
}

// Result<Vec<N>, Cycle<N>>: what the crate's functions give only as what went wrong, though it is no std Error.
bool TypeTable::fails_with(const Path& path) {
    if (!failures_) {
        failures_.emplace();
        const RustdocCrate* crate = world_.crate(names_.crate_name());
        std::set<Path> failures, others;
        const auto collect = [&](const auto& again, const Json& json, std::set<Path>& into) -> void {
            if (json.is_object() && json.contains("resolved_path") && json["resolved_path"].contains("id"))
                into.insert(crate->canonical(json["resolved_path"]["id"].get<int>()));
            if (json.is_structured())
                for (const Json& part : json) again(again, part, into);
        };
        // What traits ask for (Clone, PartialEq, From<Failure> for another failure) says nothing of it.
        std::set<int> of_traits;
        for (const Json* impl : crate->all("impl"))
            if (!item_body(*impl)["trait"].is_null())
                for (const Json& id : item_body(*impl)["items"]) of_traits.insert(id.get<int>());
        for (const Json* item : crate->all("function")) {
            if (of_traits.contains((*item)["id"].get<int>())) continue;
            const Json& sig = item_body(*item)["sig"];
            for (const Json& input : sig["inputs"])
                if (input[0] != "self") collect(collect, input[1], others);
            const Json& output = sig["output"];
            const bool result = output.is_object() && output.contains("resolved_path") &&
                                output["resolved_path"]["path"].get<std::string>().ends_with("Result") &&
                                output["resolved_path"]["args"].is_object() &&
                                output["resolved_path"]["args"].contains("angle_bracketed") &&
                                output["resolved_path"]["args"]["angle_bracketed"]["args"].size() == 2;
            if (!result) {
                collect(collect, output, others);
                continue;
            }
            const Json& args = output["resolved_path"]["args"]["angle_bracketed"]["args"];
            collect(collect, args[0], others);
            if (args[1].contains("type") && args[1]["type"].contains("resolved_path"))
                failures.insert(crate->canonical(args[1]["type"]["resolved_path"]["id"].get<int>()));
        }
        for (const Path& failure : failures)
            if (!failure.empty() && failure[0] == crate->name() && !others.contains(failure)) failures_->insert(failure);
    }
    return failures_->contains(path);
}

bool TypeTable::has_interior_mutability(const Ty& type) {
    const ItemRef item = type.kind == TyKind::kPath ? world_.find(type.path) : ItemRef{};
    if (!item || !item_body(item.json()).contains("impls")) return false;
    for (const Json& id : item_body(item.json())["impls"]) {
        const Json* impl = item.crate->item(id.get<int>());
        if (impl == nullptr || !item_body(*impl)["is_negative"].get<bool>() || item_body(*impl)["trait"].is_null())
            continue;
        const std::string trait = item_body(*impl)["trait"]["path"].get<std::string>();
        if (trait == "Freeze" || trait == "RefUnwindSafe") return true;
    }
    return false;
}

bool TypeTable::is_map(const Ty& type) const {
    return type.is_std_path("HashMap") || type.is_std_path("BTreeMap") ||
           (type.kind == TyKind::kPath && type.path[0] == "hashbrown" && type.path.back() == "HashMap" &&
            names_.crate_name() != "hashbrown");
}

bool TypeTable::is_set(const Ty& type) const {
    return type.is_std_path("HashSet") || type.is_std_path("BTreeSet") ||
           (type.kind == TyKind::kPath && type.path[0] == "hashbrown" && type.path.back() == "HashSet" &&
            names_.crate_name() != "hashbrown");
}

bool TypeTable::is_handle(const Ty& type) {
    if (type.kind != TyKind::kPath || is_byte_array(type) || is_dynamic(type) || is_map(type) || is_set(type)) return false;
    if (!is_std(type.path)) return true;
    static const std::set<std::string> converted = {
        "Option",    "Result",   "String",    "PathBuf", "OsString",  "Path", "OsStr",          "Vec",       "Box",
        "Cow",       "Duration", "Ordering",  "Range",   "Rc",        "Arc",  "HashMap",        "BTreeMap",  "HashSet",
        "BTreeSet",  "VecDeque", "Formatter", "Context", "Arguments", "Pin",  "RangeInclusive", "RangeFrom", "RangeTo",
        "RangeFull", "CStr",     "CString",   "Cell",    "RefCell",   "NonZero"};
    return !converted.contains(type.path.back());
}

namespace {

// ReplacerRef<ReplacerRef<...>>: an adaptor that a method of its own wraps again would give types without end.
void refuse_nesting(const Ty& type, std::vector<const Path*>& around) {
    if (type.kind == TyKind::kPath && type.path[0] == "typenum") return;  // numbers written as types
    if (type.kind == TyKind::kPath) {
        for (const Path* outer : around)
            if (*outer == type.path && !is_std(type.path))
                throw Unmapped{"a " + type.path.back() + " inside a " + type.path.back()};
        if (around.size() > 3) throw Unmapped{"a type nested more than four deep"};
        around.push_back(&type.path);
    }
    for (const TyRef& arg : type.args) refuse_nesting(*arg, around);
    if (type.kind == TyKind::kPath) around.pop_back();
}

}  // namespace

// Whether values of the type can lie in a handle: its definition's own conditions hold and its size is known.
bool TypeTable::is_sound(const Ty& type) {
    const ItemRef home = type.kind == TyKind::kPath && !is_std(type.path) ? world_.find(type.path) : ItemRef{};
    if (!home || !item_body(home.json()).is_object() || !item_body(home.json()).contains("impls")) return true;
    const auto [known, fresh] = sound_.try_emplace(type_key(type), true);
    if (!fresh) return known->second;
    const Json& body = item_body(home.json());
    // Of the impls that rustdoc lists for every type, From<T> for T asks for a size and Borrow<T> for T does not.
    bool borrowed = false, sized = false;
    for (const Json& id : body["impls"]) {
        const Json* item = home.crate->item(id.get<int>());
        if (item == nullptr || !item_body(*item)["blanket_impl"].is_object() || item_body(*item)["trait"].is_null()) continue;
        const Path& trait = home.crate->canonical(item_body(*item)["trait"]["id"].get<int>());
        borrowed = borrowed || (!trait.empty() && trait.back() == "Borrow");
        sized = sized || (!trait.empty() && trait.back() == "From");
    }
    Subst subst;
    size_t place = 0;
    for (const Json& param : body["generics"]["params"])
        if (!param["kind"].contains("lifetime") && place < type.args.size())
            subst.types[param["name"].get<std::string>()] = type.args[place++];
    return known->second = (sized || !borrowed) &&
                           normalizer_.conditions(*home.crate, body["generics"], subst) != Answer::kNo;
}

void TypeTable::count_instance(const TyRef& type, const std::string& name) {
    if (type->args.empty() || unlimited || by_name_.contains(name)) return;
    int& count = instances_[type->path];
    // Around<Vec<Dynamic>>, Around<Option<Dynamic>> ...: what the plain instance's methods wrap leaves room for others.
    const bool wrapped = std::any_of(type->args.begin(), type->args.end(), [](const TyRef& arg) {
        return !is_dynamic(*arg) && !dynamic_leaves(*arg).empty();
    });
    // Those that have a name of their own are what people use.
    const int most = normalizer_.aliases.contains(type_key(*type)) ? kMostNamed
                     : wrapped                                     ? kMostInstances / 2
                                                                   : kMostInstances;
    if (count >= most)
        throw Unmapped{"more than " + std::to_string(most) + " instances of " + type->path.back()};
    ++count;
}

int TypeTable::handle(const TyRef& type) {
    if (type->kind == TyKind::kPath && type->path[0] == "typenum") throw Unmapped{"a number written as a type"};
    std::vector<const Path*> around;
    refuse_nesting(*type, around);
    if (!is_sound(*type)) throw Unmapped{"a " + type->path.back() + " whose conditions its parts do not meet"};
    if (is_error(*type)) throw Unmapped{"a value of the exception class " + names_.kayton_type(*type)};
    const std::string rust = names_.rust_type(*type);
    const std::string name = names_.kayton_type(*type);
    if (const auto out = left_out_.find("type " + name); out != left_out_.end())
        throw Unmapped{name + ": " + out->second};
    count_instance(type, name);
    const auto [entry, fresh] = by_name_.emplace(name, static_cast<int>(entries_.size()));
    if (fresh) {
        // Lifetimes are the type's own: each place gets its slot.
        TyRef canonical = type;
        Subst subst;
        int next = 0;
        int parameters = 0;
        const auto rename = [&](auto&& self, const TyRef& ty) -> TyRef {
            if (is_dynamic(*ty)) return make_dynamic(std::to_string(parameters++));
            Ty copy = *ty;
            for (std::string& lifetime : copy.lifetimes)
                if (lifetime != "'static") lifetime = "'s" + std::to_string(next++);
            for (TyRef& arg : copy.args) arg = self(self, arg);
            return std::make_shared<const Ty>(std::move(copy));
        };
        canonical = rename(rename, type);
        entries_.push_back({SlotKind::kHandle, name, canonical, rust});
    } else if (entries_[entry->second].kind != SlotKind::kHandle ||
               type_key(*entries_[entry->second].type) != type_key(*type)) {
        throw Unmapped{"the name " + name + " stands for another type already"};
    }
    return entry->second;
}

int TypeTable::exception(const TyRef& type) {
    std::string name = names_.kayton_type(*type);
    if (!type->args.empty()) {
        // The first instance of a generic error has its name: `except Cycle`.
        Ty bare = *type;
        bare.args.clear();
        const std::string base = names_.kayton_type(bare);
        const auto known = by_name_.find(base);
        if (known == by_name_.end() || (entries_[known->second].type && type_key(*entries_[known->second].type) == type_key(*type)))
            name = base;
    }
    // First what may throw: a name in the table always has its entry.
    std::string rust = names_.rust_type(*type);
    const auto [entry, fresh] = by_name_.emplace(name, static_cast<int>(entries_.size()));
    if (fresh)
        entries_.push_back({SlotKind::kException, name, type, std::move(rust)});
    else if (entries_[entry->second].kind != SlotKind::kException)
        throw Unmapped{name + " is a handle type already"};
    return entry->second;
}

int TypeTable::error_value(const TyRef& type) {
    const std::string name = names_.kayton_type(*type) + ".value";
    if (const auto out = left_out_.find("type " + name); out != left_out_.end()) throw Unmapped{name + ": " + out->second};
    std::string rust = names_.rust_type(*type);
    const auto [entry, fresh] = by_name_.emplace(name, static_cast<int>(entries_.size()));
    if (fresh) entries_.push_back({SlotKind::kErrorValue, name, type, std::move(rust)});
    return entry->second;
}

int TypeTable::composed(const std::string& written) {
    const std::string signature = erased(written);
    const auto [entry, fresh] = by_name_.emplace(signature, static_cast<int>(entries_.size()));
    if (fresh) entries_.push_back({SlotKind::kComposed, signature, nullptr, ""});
    return entry->second;
}

std::string TypeTable::object(const Ty& type) {
    // What std's own traits ask of a value is more than being one: they have mappings of their own, or none.
    static const std::set<std::string> known = {"Display", "Debug", "Any", "ToString"};
    TraitObject object;
    for (const Bound& bound : type.bounds) {
        if (!bound.outlives.empty()) continue;
        if (bound.is_fn || !bound.lifetimes.empty() || mentions_generic(type)) throw Unmapped{"a trait object as parameter"};
        object.rust += (object.rust.empty() ? "" : " + ") + names_.rust_trait(bound);
        if (is_marker(bound.trait)) continue;
        if (is_std(bound.trait) && !known.contains(bound.trait.back())) throw Unmapped{"a trait object as parameter"};
        const ItemRef item = world_.find(bound.trait);
        if (item)
            for (const Json& id : item_body(item.json())["items"])
                if (const Json* member = item.crate->item(id.get<int>()); member != nullptr && item_kind(*member) == "assoc_type" && !bound.assoc.contains(item_name(*member)))
                    throw Unmapped{"a dyn " + bound.trait.back() + " whose " + item_name(*member) + " is open"};
        const Path path = item ? names_.public_path(item) : Path{};
        object.shown = join(path.empty() ? bound.trait : path, ".");
        object.trait = bound;
    }
    if (object.shown.empty()) throw Unmapped{"a trait object as parameter"};
    size_t at = 0;
    while (at < objects_.size() && objects_[at].rust != object.rust) ++at;
    const std::string name = "any" + std::to_string(at);
    if (const auto out = left_out_.find("object " + object.rust); out != left_out_.end()) throw Unmapped{"a dyn " + object.rust + ": " + out->second};
    if (at == objects_.size()) objects_.push_back(std::move(object));
    return name;
}

int TypeTable::iterator(const TyRef& item) {
    std::string name = names_.crate_name() + ".Iterator_";
    for (const char c : type_key(*item)) {
        if (std::isalnum(static_cast<unsigned char>(c)))
            name += c;
        else if (name.back() != '_')
            name += '_';
    }
    while (name.back() == '_') name.pop_back();
    if (const auto out = left_out_.find("type " + name); out != left_out_.end())
        throw Unmapped{name + ": " + out->second};
    if (const auto known = by_name_.find(name); known != by_name_.end()) return known->second;
    const std::string rust = "Box<dyn Iterator<Item = " + names_.rust_type(*item) + ">>";
    if (iterator_items_.size() >= kMostIterators)
        throw Unmapped{"more than " + std::to_string(kMostIterators) + " kinds of iterators"};
    const int slot = static_cast<int>(entries_.size());
    by_name_.emplace(name, slot);
    iterator_items_.emplace(slot, item);
    entries_.push_back({SlotKind::kHandle, name, nullptr, rust});
    return slot;
}

}  // namespace kayton::bindgen
