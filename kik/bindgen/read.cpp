// CallMapper: parameters, from native representation to Rust.
#include <algorithm>

#include "kik/bindgen/mapping.h"

namespace kayton::bindgen {

void CallMapper::add_source(const std::string& lifetime, const std::string& place, Source::Kind kind, uint32_t slots) {
    sources.push_back({lifetime, place, kind, slots, param_});
}

Mapped CallMapper::parameter(int index, const TyRef& type) {
    param_ = index;
    if (mentions_static(*type)) throw Unmapped{"a parameter must live for ever ('static)"};
    const std::string place = "a" + std::to_string(index);
    Mapped mapped = read(type, place, true);
    return mapped;
}

Mapped CallMapper::temporary(const TyRef& inner, const Ty& ref, const std::string& place, bool top,
                             const std::string& view) {
    if (result_lifetimes.contains(ref.lifetimes[0]))
        throw Unmapped{"the result would borrow from a converted argument"};
    if (ref.is_mut) throw Unmapped{"changes an argument of type " + type_key(*inner) + " in place"};
    if (!top) {
        // One of many: kept while the call runs.
        Mapped mapped = read(inner, place, false);
        const std::string kept = fresh("k");
        statements += "let " + kept + " = Kept::default(); ";
        mapped.code = view + "(*" + kept + ".hold(Box::new(" + mapped.code + ")))";
        return mapped;
    }
    Mapped mapped = read(inner, place, true);
    const std::string name = fresh("v");
    statements += "let " + name + " = " + mapped.code + "; ";
    mapped.code = view + name;
    return mapped;
}

Mapped CallMapper::read_ref(const Ty& type, const std::string& place, bool top) {
    const TyRef& inner = type.args[0];
    const std::string& lifetime = type.lifetimes[0];
    if (inner->is_prim("str")) {
        if (type.is_mut) throw Unmapped{"changes a str in place"};
        if (top) add_source(lifetime, place, Source::kKeep);
        return {"str", "S", "st(" + place + ")"};
    }
    if (inner->kind == TyKind::kSlice) {
        if (inner->args[0]->is_prim("u8") && !type.is_mut) {
            if (top) add_source(lifetime, place, Source::kKeep);
            return {"bytes", "B", "by(" + place + ")"};
        }
        const std::string& element = inner->args[0]->name;
        if (top && (element == "i64" || element == "f64") && inner->args[0]->kind == TyKind::kPrim &&
            !result_lifetimes.contains(lifetime))
            // The list's own memory: no copy, and changes are seen.
            return {element == "i64" ? "list[int]" : "list[float]", "L",
                    (type.is_mut ? "slice_mut::<" : "slice::<") + element + ">(" + place + ")"};
        const TyRef vector = make_path({"alloc", "vec", "Vec"}, {inner->args[0]});
        if (top && type.is_mut && !result_lifetimes.contains(lifetime)) {
            // Changed in a copy whose elements are written back.
            Mapped mapped = read(vector, place, true);
            const std::string name = fresh("v");
            statements += "let mut " + name + " = " + mapped.code + "; ";
            CallMapper back(table_, call_name_);
            const Mapped written = back.result(make_ref(inner->args[0], "'back"), "x");
            if (mapped.storage != "L") throw Unmapped{"changes bytes in place"};
            // Handles were moved into the copy.
            if (written.storage == "H" || written.storage == "X")
                throw Unmapped{"changes a list of " + written.kayton + " in place"};
            after += "put_back(" + place + ", " + name + ".iter(), |x| Ok(" + written.code + "))?; ";
            mapped.code = "&mut " + name + "[..]";
            return mapped;
        }
        Mapped mapped = temporary(vector, type, place, top, "&");
        mapped.code += "[..]";
        return mapped;
    }
    if (inner->is_std_path("Path", "path") || inner->is_std_path("OsStr", "ffi")) {
        if (top) add_source(lifetime, place, Source::kKeep);
        return {
            "str", "S",
            (inner->path.back() == "Path" ? "std::path::Path::new(st(" : "std::ffi::OsStr::new(st(") + place + "))"};
    }
    if (inner->is_std_path("Formatter")) throw Unmapped{"writes into a fmt::Formatter"};
    if (inner->kind == TyKind::kDyn && !inner->bounds.empty() && inner->bounds[0].is_fn) {
        const Mapped mapped = read_bound_closure(*inner, place);
        const std::string name = fresh("v");
        statements += "let " + std::string(type.is_mut ? "mut " : "") + name + " = " + mapped.code + "; ";
        return {mapped.kayton, mapped.storage, (type.is_mut ? "&mut *" : "&*") + name};
    }
    if (inner->kind == TyKind::kDyn && !type.is_mut) {
        if (result_lifetimes.contains(lifetime)) throw Unmapped{"the result would borrow from a converted argument"};
        const std::string object = table_.object(*inner);
        const std::string kept = fresh("k");
        statements += "let " + kept + " = Kept::default(); ";
        return {"Dynamic", "KtValue", object + "::lend(&" + (top ? "*" + place : place) + ", &" + kept + ")?"};
    }
    if (inner->kind == TyKind::kDyn || inner->kind == TyKind::kImpl) throw Unmapped{"a trait object as parameter"};
    if (table_.is_error(*inner)) {
        if (!top || !lifetime_slots(*inner).empty())
            throw Unmapped{"an exception that borrows or lies in a list or tuple"};
        const TypeSlotEntry& entry = table_.entries()[table_.exception(inner)];
        const std::string value = "error_value(" + place + ")?";
        add_source(lifetime, value, type.is_mut ? Source::kExclusive : Source::kShared);
        return {entry.name, "X", (type.is_mut ? "hmut::<" : "href::<") + entry.rust + ">(" + value + ")?"};
    }
    if (table_.is_handle(*inner)) {
        const int slot = table_.handle(inner);
        const TypeSlotEntry& entry = table_.entries()[slot];
        if (top) {
            add_source(lifetime, place, type.is_mut ? Source::kExclusive : Source::kShared);
            const std::vector<std::string> slots = lifetime_slots(*inner);
            for (size_t i = 0; i < slots.size() && i < 31; ++i) add_source(slots[i], place, Source::kInherit, 1U << i);
            handle_places.emplace_back(place, type.is_mut);
            lent_places.emplace_back(place, type.is_mut);
        } else if (type.is_mut) {
            throw Unmapped{"changes handles inside a list or tuple"};
        }
        return {table_.shown(slot, *inner), "H",
                (type.is_mut ? "hmut::<" : "href::<") + entry.rust + ">(" + place + ")?"};
    }
    return temporary(inner, type, place, top, type.is_mut ? "&mut " : "&");
}

Mapped CallMapper::read(const TyRef& type, const std::string& place, bool top) {
    switch (type->kind) {
        case TyKind::kPrim:
            if (type->name == "i64") return {"int", "i64", place};
            if (is_integer(*type)) return {"int", "i64", "int::<" + type->name + ">(" + place + ")?"};
            if (type->name == "f64") return {"float", "f64", place};
            if (type->name == "f32") return {"float", "f64", "(" + place + " as f32)"};
            if (type->name == "bool") return {"bool", "u8", "(" + place + " != 0)"};
            if (type->name == "char") return {"str", "S", "chr(" + place + ")?"};
            throw Unmapped{"parameter of type " + type->name};
        case TyKind::kRef: return read_ref(*type, place, top);
        case TyKind::kArray:
            if (is_byte_array(*type)) return {"bytes", "B", "sized(" + place + ")?"};
            {
                Mapped mapped = read(make_path({"alloc", "vec", "Vec"}, {type->args[0]}), place, false);
                mapped.code +=
                    ".try_into().map_err(|_| raise(\"ValueError\", \"expected a list of length " + type->name + "\"))?";
                return mapped;
            }
        case TyKind::kTuple: {
            if (type->is_unit()) return {"None", "u8", "()"};
            std::vector<Mapped> members;
            Mapped out;
            const std::string at = top ? "(*" + place + ")" : place;
            for (size_t i = 0; i < type->args.size(); ++i) {
                members.push_back(read(type->args[i], at + "." + std::to_string(i), false));
                out.kayton += (i == 0 ? "tuple[" : ", ") + members.back().kayton;
                out.code += members.back().code + ", ";
            }
            if (!result_lifetimes.empty())
                for (const std::string& lifetime : lifetime_slots(*type))
                    if (result_lifetimes.contains(lifetime))
                        throw Unmapped{"the result would borrow from inside a tuple"};
            out.kayton += "]";
            out.storage = tuple_storage(members);
            out.code = "(" + out.code + ")";
            return out;
        }
        case TyKind::kPath: return read_path(type, place, top);
        case TyKind::kSlice: throw Unmapped{"an unsized parameter"};
        case TyKind::kImpl:
            throw Unmapped{"no instance is known for impl " +
                           (type->bounds.empty() ? "Trait" : join(type->bounds[0].trait, "::"))};
        case TyKind::kDyn: throw Unmapped{"a trait object as parameter"};
        case TyKind::kFnPointer:
            if (type->name == "closure") return read_closure(*type, place);
            throw Unmapped{"takes a function pointer"};
        case TyKind::kRawPointer: throw Unmapped{"raw pointer"};
        case TyKind::kGeneric: throw Unmapped{"type parameter " + type->name + " has no instance"};
        case TyKind::kProjection: throw Unmapped{"associated type " + type->name + " is not known"};
        case TyKind::kConst:
        case TyKind::kUnsupported: throw Unmapped{type->name};
    }
    throw Unmapped{"parameter of an unknown kind"};
}

Mapped CallMapper::read_path(const TyRef& type, const std::string& place, bool top) {
    const std::string& last = type->path.back();
    if (is_byte_array(*type)) return {"bytes", "B", "sized(" + place + ")?"};
    if (is_dynamic(*type)) return {"$" + type->name, "KtValue", "dynamic(&" + (top ? "*" + place : place) + ")"};
    if (is_std(type->path)) {
        if (last == "String") return {"str", "S", "st(" + place + ").to_owned()"};
        if (last == "PathBuf") return {"str", "S", "std::path::PathBuf::from(st(" + place + "))"};
        if (last == "OsString") return {"str", "S", "std::ffi::OsString::from(st(" + place + "))"};
        if (last == "Duration") return {"float", "f64", "duration(" + place + ")?"};
        if (last == "Ordering" && type->path[1] == "cmp") return {"int", "i64", "order(" + place + ")"};
        if ((last == "Box" || last == "Rc" || last == "Arc") && !type->args.empty()) {
            const TyRef& inner = type->args[0];
            if (inner->is_prim("str")) return {"str", "S", "st(" + place + ").into()"};
            if (inner->kind == TyKind::kSlice) {
                Mapped mapped = read(make_path({"alloc", "vec", "Vec"}, {inner->args[0]}), place, top);
                mapped.code += ".into()";
                return mapped;
            }
            if (inner->kind == TyKind::kDyn && !inner->bounds.empty() && inner->bounds[0].is_fn && last == "Box")
                return read_bound_closure(*inner, place);
            if (inner->kind == TyKind::kDyn) {
                const std::string value = top ? "*" + place : place;
                return {"Dynamic", "KtValue", table_.object(*inner) + "::own(&" + value + ", c\"" + call_name_ + "\")?" + (last == "Box" ? "" : ".into()")};
            }
            Mapped mapped = read(inner, place, top);
            mapped.code = std_rust_path(type->path) + "::new(" + mapped.code + ")";
            return mapped;
        }
        if (last == "Cow") {
            const TyRef& inner = type->args.at(0);
            const TyRef borrowed = make_ref(inner, type->lifetimes.empty() ? "'_" : type->lifetimes[0]);
            Mapped mapped = read(borrowed, place, top);
            mapped.code = "std::borrow::Cow::Borrowed(" + mapped.code + ")";
            return mapped;
        }
        if (last == "Vec") {
            const TyRef& element = type->args.at(0);
            if (element->is_prim("u8")) return {"bytes", "B", "by(" + place + ").to_vec()"};
            for (const std::string& lifetime : lifetime_slots(*element)) {
                if (!result_lifetimes.contains(lifetime)) continue;
                if (!top) throw Unmapped{"the result would borrow from a list inside a list"};
                if (element->kind == TyKind::kRef && table_.is_handle(*element->args[0]))
                    add_source(lifetime, place, Source::kSharedItems);
                else if (element->kind == TyKind::kRef)
                    add_source(lifetime, place, Source::kKeepItems);
                else
                    throw Unmapped{"the result would borrow from inside a list"};
            }
            const std::string item = fresh("i");
            const Mapped inner = read(element, item, false);
            if (inner.kayton == "None") throw Unmapped{"a list of ()"};
            if (inner.storage == "H" && top) handle_list_places.push_back(place);
            return {"list[" + inner.kayton + "]", "L",
                    "items(" + place + ", |" + item + ": " + inner.storage + "| Ok(" + inner.code + "))?"};
        }
        if (last == "HashMap" || last == "BTreeMap") {
            for (const std::string& lifetime : lifetime_slots(*type))
                if (result_lifetimes.contains(lifetime)) throw Unmapped{"the result would borrow from inside a dict"};
            const std::string k = fresh("k"), v = fresh("v");
            const Mapped key = read(type->args.at(0), k, false);
            const Mapped value = read(type->args.at(1), v, false);
            if (key.kayton == "None" || value.kayton == "None") throw Unmapped{"a map of ()"};
            return {"dict[" + key.kayton + ", " + value.kayton + "]", "D",
                    "entries(" + place + ", |" + k + ": " + key.storage + ", " + v + ": " + value.storage + "| Ok((" +
                        key.code + ", " + value.code + ")))?.into_iter().collect::<" + std_rust_path(type->path) +
                        "<_, _>>()"};
        }
        if (last == "HashSet" || last == "BTreeSet" || last == "VecDeque") {
            Mapped mapped = read(make_path({"alloc", "vec", "Vec"}, {type->args.at(0)}), place, top);
            if (mapped.storage == "B") throw Unmapped{"a set of bytes"};
            mapped.code += ".into_iter().collect::<" + std_rust_path(type->path) + "<_>>()";
            return mapped;
        }
        if (last == "IntoIter" && type->path[1] == "vec") {
            Mapped mapped = read(make_path({"alloc", "vec", "Vec"}, {type->args.at(0)}), place, top);
            if (mapped.storage == "B") throw Unmapped{"an iterator over bytes"};
            mapped.code += ".into_iter()";
            return mapped;
        }
        if (last == "Option") {
            const TyRef& inner = type->args.at(0);
            if (is_dynamic(*inner)) {
                const std::string value = top ? "*" + place : place;
                return {"$" + inner->name + " | None", "KtValue",
                        "if is_none(" + value + ") { None } else { Some(dynamic(&" + value + ")) }"};
            }
            const size_t first_statement = statements.size();
            Mapped mapped = read(inner, place, top);
            const std::string needed = statements.substr(first_statement);
            statements.resize(first_statement);
            if (mapped.nullable || mapped.kayton == "None" || mapped.kayton.find(" | ") != std::string::npos)
                throw Unmapped{"Option of an optional value"};
            if (!needed.empty() || mapped.storage == "KtValue")
                throw Unmapped{"an optional reference to a converted value"};
            if (mapped.pointer())
                return {mapped.kayton + " | None", mapped.storage,
                        "if " + place + ".is_null() { None } else { Some(" + mapped.code + ") }", true};
            const std::string at = top ? "(*" + place + ")" : place;
            static const std::map<std::string, std::string> unbox = {
                {"i64", "as_int"}, {"f64", "as_float"}, {"u8", "as_bool"}};
            const auto how = unbox.find(mapped.storage);
            if (how == unbox.end()) {
                const Mapped boxed = read(inner, "unbox::<" + mapped.storage + ">(" + at + ")", false);
                return {mapped.kayton + " | None", "KtValue",
                        "if is_none(" + at + ") { None } else { Some(" + boxed.code + ") }"};
            }
            const Mapped scalar = read(inner, how->second + "(" + at + ")", false);
            return {mapped.kayton + " | None", "KtValue",
                    "if is_none(" + at + ") { None } else { Some(" + scalar.code + ") }"};
        }
        if (last == "Cursor" && type->args.at(0)->is_std_path("Vec") && type->args[0]->args.at(0)->is_prim("u8"))
            return {"bytes", "B", "std::io::Cursor::new(by(" + place + ").to_vec())"};
        // The ends of a range that is written between brackets.
        if ((last == "RangeTo" || last == "RangeFrom") && !type->args.empty()) {
            Mapped end = read(type->args[0], place, top);
            end.code = last == "RangeTo" ? ".." + end.code : end.code + "..";
            return end;
        }
        if (last == "RangeFull") return {"None", "u8", ".."};
        if (last == "Range" && !type->args.empty() && table_.is_handle(*type->args[0])) {
            Mapped ends = read(make_tuple({type->args[0], type->args[0]}), place, top);
            ends.code = "{ let ends = " + ends.code + "; ends.0..ends.1 }";
            return ends;
        }
        if (last == "Range" && !type->args.empty() && is_integer(*type->args[0]))
            return {"range", "KtRange", "range::<" + type->args[0]->name + ">(" + (top ? "*" : "") + place + ")?"};
        if (last == "RangeInclusive" && !type->args.empty() && is_integer(*type->args[0]))
            return {"range", "KtRange", "range_inclusive::<" + type->args[0]->name + ">(" + (top ? "*" : "") + place + ")?"};
        if (last == "NonZero" && is_integer(*type->args.at(0))) {
            Mapped mapped = read(type->args[0], place, top);
            mapped.code = "std::num::NonZero::new(" + mapped.code + ").ok_or_else(|| raise(\"ValueError\", \"expected a number other than 0\"))?";
            return mapped;
        }
        if (!table_.is_handle(*type)) throw Unmapped{"parameter of type " + std_rust_path(type->path)};
    }
    if (!is_std(type->path) && (table_.is_map(*type) || table_.is_set(*type))) throw Unmapped{"takes a " + join(type->path, "::")};
    if (table_.is_error(*type)) {
        if (!top || !lifetime_slots(*type).empty())
            throw Unmapped{"an exception that borrows or lies in a list or tuple"};
        const TypeSlotEntry& entry = table_.entries()[table_.exception(type)];
        return {entry.name, "X", "hval::<" + entry.rust + ">(error_value(" + place + ")?, c\"" + call_name_ + "\")?"};
    }
    const int slot = table_.handle(type);
    const TypeSlotEntry& entry = table_.entries()[slot];
    const bool copy = table_.is_copy(*type);
    const std::vector<std::string> slots = lifetime_slots(*type);
    if (is_operator && !copy && slots.empty() && table_.is_clone(*type)) {
        handle_places.emplace_back(place, false);
        return {table_.shown(slot, *type), "H", "href::<" + entry.rust + ">(" + place + ")?.clone()"};
    }
    if (top) {
        for (size_t i = 0; i < slots.size() && i < 31; ++i) add_source(slots[i], place, Source::kInherit, 1U << i);
        handle_places.emplace_back(place, !copy);
        if (!copy && !slots.empty()) after += "gone(" + place + "); ";
    }
    const std::string shown = table_.shown(slot, *type);
    if (copy) return {shown, "H", "hcopy::<" + entry.rust + ">(" + place + ")?"};
    return {shown, "H", "hval::<" + entry.rust + ">(" + place + ", c\"" + call_name_ + "\")?"};
}

void CallMapper::finish_parameters(const std::vector<TyRef>& types) {
    std::string checks;
    for (size_t i = 0; i < handle_places.size(); ++i) {
        if (!handle_places[i].second) continue;
        for (size_t j = 0; j < handle_places.size(); ++j)
            if (i != j && (j > i || !handle_places[j].second))
                checks += "distinct(" + handle_places[i].first + ", " + handle_places[j].first + ")?; ";
        for (const std::string& list : handle_list_places)
            checks += "distinct_items(" + handle_places[i].first + ", " + list + ")?; ";
    }
    statements = checks + statements;
    // A receiver or argument that can change and has a lifetime in its type may store what another argument lends under
    // that lifetime: it keeps those objects from now on.
    for (size_t i = 0; i < types.size(); ++i) {
        if (types[i]->kind != TyKind::kRef || !table_.is_handle(*types[i]->args[0])) continue;
        if (!types[i]->is_mut && !table_.has_interior_mutability(*types[i]->args[0])) continue;
        const std::vector<std::string> slots = lifetime_slots(*types[i]->args[0]);
        std::string tied;
        for (size_t slot = 0; slot < slots.size() && slot < 31; ++slot) {
            for (const Source& source : sources) {
                if (source.param == static_cast<int>(i)) continue;
                const auto longer = outlived_by.find(slots[slot]);
                if (source.lifetime != slots[slot] &&
                    (longer == outlived_by.end() || !longer->second.contains(source.lifetime)))
                    continue;
                const std::string to = std::to_string(1U << slot);
                static const char* const names[] = {"keep",    "shared",     "exclusive",
                                                    "inherit", "keep_items", "shared_items"};
                tied += (tied.empty() ? "" : ", ") + std::string(names[source.kind]) + "(" + source.place +
                        (source.kind == Source::kInherit ? ", " + std::to_string(source.slots) : "") + ", " + to + ")";
            }
        }
        if (!tied.empty()) after = "attach(a" + std::to_string(i) + ", &[" + tied + "]); " + after;
    }
}

}  // namespace kayton::bindgen
