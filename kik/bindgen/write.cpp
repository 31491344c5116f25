// CallMapper: results, from Rust to native representation.
#include <algorithm>

#include "kik/bindgen/mapping.h"

namespace kayton::bindgen {

Mapped CallMapper::result(const TyRef& type, const std::string& expression) {
    return write(type, expression);
}

std::string CallMapper::links(const std::vector<std::string>& slots, const std::string& reference) {
    // Which slots of the new value each lifetime fills.
    std::map<std::string, uint32_t> masks;
    for (size_t i = 0; i < slots.size() && i < 31; ++i) masks[slots[i]] |= 1U << i;
    if (!reference.empty() && reference != "'static") masks[reference] |= 1U << 31;
    std::string out;
    std::set<std::string> written;
    for (const auto& [lifetime, mask] : masks) {
        std::set<std::string> lenders = {lifetime};
        if (const auto longer = outlived_by.find(lifetime); longer != outlived_by.end())
            lenders.insert(longer->second.begin(), longer->second.end());
        for (const Source& source : sources) {
            if (lifetime != "'any" && !lenders.contains(source.lifetime)) continue;
            static const char* const names[] = {"keep", "shared", "exclusive", "inherit", "keep_items", "shared_items"};
            std::string entry = std::string(names[source.kind]) + "(" + source.place;
            if (source.kind == Source::kInherit) entry += ", " + std::to_string(source.slots);
            entry += ", " + std::to_string(mask) + ")";
            borrowed_params.insert(source.param);
            if (written.insert(entry).second) out += (out.empty() ? "" : ", ") + entry;
        }
    }
    return "&[" + out + "]";
}

std::string CallMapper::error_class(const Ty& error) {
    if (error.is_std_path("Error", "io")) return "OSError";
    if (error.is_std_path("Utf8Error") || error.is_std_path("FromUtf8Error")) return "UnicodeDecodeError";
    if (error.kind == TyKind::kPath && !is_std(error.path) && table_.is_error(error)) {
        const int slot = table_.exception(std::make_shared<const Ty>(error));
        return table_.entries()[slot].name;
    }
    if (error.is_std_path("Box") && error.args[0]->kind == TyKind::kDyn) return "Exception";
    return "ValueError";
}

Mapped CallMapper::write_result(const Ty& type, const std::string& expression) {
    const TyRef& error = type.args.at(1);
    const std::string value = fresh("x");
    const Mapped inner = write(type.args.at(0), value);
    std::string failure;
    if (error->is_prim("never") || error->is_std_path("Infallible")) {
        failure = "match e {}";
    } else {
        const std::string name = error_class(*error);
        raises = name;
        if (error->is_unit()) {
            failure = "return Err(raise(\"" + name + "\", \"" + call_name_ + " failed\"))";
        } else if (table_.is_error(*error) && lifetime_slots(*error).empty()) {
            const int slot = table_.error_value(error);
            failure = "return Err(err_value!(\"" + name + "\", &T[" + std::to_string(slot) + "], " +
                      table_.entries()[slot].rust + ", e))";
        } else {
            failure = "return Err(err!(\"" + name + "\", e))";
        }
    }
    Mapped out = inner;
    out.code = "match " + expression + " { Ok(" + value + ") => " + inner.code + ", Err(" +
               (error->is_unit() ? "_" : "e") + ") => " + failure + " }";
    return out;
}

Mapped CallMapper::write_option(const TyRef& inner, const std::string& expression) {
    const std::string value = fresh("x");
    const Mapped some = write(inner, value);
    if (some.storage == "KtValue" && some.kayton[0] == '$' && some.kayton.find(' ') == std::string::npos)
        return {some.kayton + " | None", "KtValue",
                "match " + expression + " { None => vnone(), Some(" + value + ") => " + some.code + " }"};
    if (some.nullable || some.kayton == "None" || some.storage == "KtValue")
        throw Unmapped{"an Option of an optional value"};
    Mapped out;
    out.kayton = some.kayton + " | None";
    if (some.pointer()) {
        out.storage = some.storage;
        out.nullable = true;
        out.code =
            "match " + expression + " { None => std::ptr::null_mut(), Some(" + value + ") => " + some.code + " }";
        return out;
    }
    static const std::map<std::string, std::string> box = {{"i64", "vint"}, {"f64", "vfloat"}, {"u8", "vbool"}};
    const auto how = box.find(some.storage);
    if (how == box.end()) {
        const int slot = table_.composed(some.kayton);
        out.storage = "KtValue";
        out.code = "match " + expression + " { None => vnone(), Some(" + value + ") => vbox(&T[" +
                   std::to_string(slot) + "], " + some.code + ") }";
        return out;
    }
    out.storage = "KtValue";
    out.code =
        "match " + expression + " { None => vnone(), Some(" + value + ") => " + how->second + "(" + some.code + ") }";
    return out;
}

Mapped CallMapper::write_list(const TyRef& element, const std::string& expression) {
    const std::string value = fresh("x");
    const Mapped inner = write(element, value);
    if (inner.kayton == "None") throw Unmapped{"a list of ()"};
    const std::string signature = "list[" + inner.kayton + "]";
    const int slot = table_.composed(signature);
    return {signature, "L",
            "new_list::<" + inner.storage + ", _>(&T[" + std::to_string(slot) + "], " + expression + ", |" + value +
                "| Ok(" + inner.code + "))?"};
}

Mapped CallMapper::write_dict(const TyRef& key, const TyRef& value, const std::string& expression) {
    const std::string k = fresh("k"), v = fresh("v");
    const Mapped from = write(key, k);
    const Mapped to = write(value, v);
    if (from.storage != "S" && from.storage != "i64" && from.storage != "H" && from.kayton[0] != '$')
        throw Unmapped{"a map with keys of type " + from.kayton};
    if (to.kayton == "None") throw Unmapped{"a map to ()"};
    const std::string signature = "dict[" + from.kayton + ", " + to.kayton + "]";
    const int slot = table_.composed(signature);
    return {signature, "D",
            "new_dict::<" + from.storage + ", " + to.storage + ", _>(&T[" + std::to_string(slot) + "], " + expression +
                ", |(" + k + ", " + v + ")| Ok((" + from.code + ", " + to.code + ")))?"};
}

Mapped CallMapper::write_ref(const Ty& type, const std::string& expression) {
    const TyRef& inner = type.args[0];
    const std::string& lifetime = type.lifetimes[0];
    if (type.is_mut && self_type && lifetime == self_lifetime && type_key(*inner) == type_key(*self_type)) {
        returns_self = true;
        const int self = table_.handle(inner);
        return {table_.shown(self, *inner), "H", "{ " + expression + "; again(a0) }"};
    }
    if (is_dynamic(*inner)) return {"$" + inner->name, "KtValue", "(*(" + expression + ")).clone().give()"};
    if (inner->is_prim("str") || inner->is_std_path("String")) return {"str", "S", "new_str(" + expression + ")"};
    if (inner->is_std_path("Cow") && inner->args.at(0)->is_prim("str"))
        return {"str", "S", "new_str(" + expression + ")"};
    if (inner->is_std_path("Path", "path") || inner->is_std_path("OsStr", "ffi") || inner->is_std_path("PathBuf") ||
        inner->is_std_path("OsString"))
        return {"str", "S", "new_path(" + expression + ")?"};
    if (type.is_mut && !table_.is_handle(*inner)) throw Unmapped{"gives &mut " + type_key(*inner)};
    if (inner->kind == TyKind::kSlice || inner->is_std_path("Vec") ||
        (inner->kind == TyKind::kArray && !is_byte_array(*inner))) {
        const TyRef& element = inner->args[0];
        if (element->is_prim("u8")) return {"bytes", "B", "new_bytes(" + expression + ")"};
        return write_list(make_ref(element, lifetime), "(" + expression + ").iter()");
    }
    if (is_byte_array(*inner)) return {"bytes", "B", "new_bytes(&(" + expression + ")[..])"};
    if (table_.is_map(*inner))
        return write_dict(make_ref(inner->args.at(0), lifetime), make_ref(inner->args.at(1), lifetime),
                          "(" + expression + ").iter()");
    if (table_.is_set(*inner) || inner->is_std_path("VecDeque"))
        return write_list(make_ref(inner->args.at(0), lifetime), "(" + expression + ").iter()");
    if (inner->kind == TyKind::kRef || (inner->is_std_path("Box") && inner->args[0]->kind != TyKind::kDyn))
        return write(make_ref(inner->args[0], lifetime),
                     inner->kind == TyKind::kRef ? "*(" + expression + ")" : "&**(" + expression + ")");
    if (inner->is_std_path("Option"))
        return write_option(make_ref(inner->args[0], lifetime), "(" + expression + ").as_ref()");
    if (inner->kind == TyKind::kTuple && !inner->is_unit()) {
        std::vector<TyRef> members;
        for (const TyRef& member : inner->args) members.push_back(make_ref(member, lifetime));
        std::string opened;
        const std::string value = fresh("t");
        for (size_t i = 0; i < members.size(); ++i) opened += "&" + value + "." + std::to_string(i) + ", ";
        return write(make_tuple(members), "{ let " + value + " = " + expression + "; (" + opened + ") }");
    }
    if (inner->kind == TyKind::kDyn) {
        if (!inner->bounds.empty() && inner->bounds[0].trait.back() == "Error")
            return {"str", "S", "new_str(&(" + expression + ").to_string())"};
        throw Unmapped{"gives a trait object"};
    }
    if (table_.is_copy(*inner)) return write(inner, "*(" + expression + ")");
    if (!table_.is_handle(*inner)) throw Unmapped{"gives a reference to " + type_key(*inner)};
    const int slot = table_.handle(inner);
    const TypeSlotEntry& entry = table_.entries()[slot];
    const char* const make = type.is_mut ? "hnew_mut::<" : "hnew_ref::<";
    return {table_.shown(slot, *inner), "H",
            make + entry.rust + ">(&T[" + std::to_string(slot) + "], " + expression + ", " +
                links(lifetime_slots(*inner), lifetime) + ")"};
}

Mapped CallMapper::write(const TyRef& type, const std::string& expression) {
    switch (type->kind) {
        case TyKind::kPrim:
            if (type->name == "i64") return {"int", "i64", expression};
            if (is_integer(*type)) {
                const bool fits = type->name != "u64" && type->name != "usize" && type->name != "isize" &&
                                  type->name != "u128" && type->name != "i128";
                return {"int", "i64", fits ? "(" + expression + " as i64)" : "to_int(" + expression + ")?"};
            }
            if (type->name == "f64") return {"float", "f64", expression};
            if (type->name == "f32") return {"float", "f64", "f64::from(" + expression + ")"};
            if (type->name == "bool") return {"bool", "u8", "u8::from(" + expression + ")"};
            if (type->name == "char") return {"str", "S", "new_chr(" + expression + ")"};
            if (type->name == "never") throw Unmapped{"never returns"};
            throw Unmapped{"gives " + type->name};
        case TyKind::kRef: return write_ref(*type, expression);
        case TyKind::kArray:
            if (is_byte_array(*type)) return {"bytes", "B", "new_bytes(&" + expression + ")"};
            return write_list(type->args[0], expression);
        case TyKind::kTuple: {
            if (type->is_unit()) return {"None", "u8", "{ " + expression + "; 0 }"};
            std::vector<Mapped> members;
            const std::string value = fresh("t");
            std::string kayton, code;
            for (size_t i = 0; i < type->args.size(); ++i) {
                members.push_back(write(type->args[i], value + "." + std::to_string(i)));
                kayton += (i == 0 ? "tuple[" : ", ") + members.back().kayton;
                code += (i == 0 ? "" : ", ") + members.back().code;
            }
            Mapped out;
            out.kayton = kayton + "]";
            out.storage = tuple_storage(members);
            out.code =
                "{ let " + value + " = " + expression + "; T" + std::to_string(members.size()) + "(" + code + ") }";
            return out;
        }
        case TyKind::kPath: return write_path(type, expression);
        case TyKind::kImpl:
            for (const Bound& bound : type->bounds) {
                const std::string& name = bound.trait.empty() ? bound.outlives : bound.trait.back();
                if (name != "Iterator" && name != "DoubleEndedIterator" && name != "ExactSizeIterator") continue;
                const auto item = bound.assoc.find("Item");
                if (item == bound.assoc.end()) break;
                const int slot = table_.iterator(item->second);
                const TypeSlotEntry& entry = table_.entries()[slot];
                return {table_.shown(slot, *item->second), "H",
                        "hnew::<" + entry.rust + ">(&T[" + std::to_string(slot) + "], Box::new(" + expression + "), " +
                            links({"'any"}, "") + ")"};
            }
            throw Unmapped{"gives a type without a name (impl Trait)"};
        case TyKind::kSlice: throw Unmapped{"gives an unsized value"};
        case TyKind::kDyn: throw Unmapped{"gives a trait object"};
        case TyKind::kFnPointer: throw Unmapped{"gives a function"};
        case TyKind::kRawPointer: throw Unmapped{"gives a raw pointer"};
        case TyKind::kGeneric: throw Unmapped{"type parameter " + type->name + " has no instance"};
        case TyKind::kProjection: throw Unmapped{"associated type " + type->name + " is not known"};
        case TyKind::kConst:
        case TyKind::kUnsupported: throw Unmapped{type->name};
    }
    throw Unmapped{"gives a value of an unknown kind"};
}

Mapped CallMapper::write_path(const TyRef& type, const std::string& expression) {
    const std::string& last = type->path.back();
    if (is_byte_array(*type)) return {"bytes", "B", "new_bytes(&" + expression + ")"};
    if (is_dynamic(*type)) return {"$" + type->name, "KtValue", "(" + expression + ").give()"};
    if (table_.is_map(*type)) return write_dict(type->args.at(0), type->args.at(1), expression);
    if (table_.is_set(*type)) return write_list(type->args.at(0), expression);
    if (is_std(type->path)) {
        if (last == "String") return {"str", "S", "new_str(&" + expression + ")"};
        if (last == "PathBuf" || last == "OsString") return {"str", "S", "new_path(&" + expression + ")?"};
        if (last == "Duration") return {"float", "f64", "(" + expression + ").as_secs_f64()"};
        if (last == "Ordering" && type->path[1] == "cmp") return {"int", "i64", "ord(" + expression + ")"};
        if (last == "Option") return write_option(type->args.at(0), expression);
        if (last == "Result" && type->path[1] == "result") return write_result(*type, expression);
        if (last == "Vec" || last == "VecDeque") {
            if (last == "Vec" && type->args.at(0)->is_prim("u8"))
                return {"bytes", "B", "new_bytes(&" + expression + ")"};
            return write_list(type->args.at(0), expression);
        }
        if (last == "Cow" || last == "Box" || last == "Rc" || last == "Arc") {
            const TyRef& inner = type->args.at(0);
            if (inner->is_prim("str")) return {"str", "S", "new_str(&" + expression + ")"};
            if (inner->is_std_path("Path", "path") || inner->is_std_path("OsStr", "ffi"))
                return {"str", "S", "new_path(&" + expression + ")?"};
            if (inner->kind == TyKind::kSlice && inner->args[0]->is_prim("u8"))
                return {"bytes", "B", "new_bytes(&" + expression + ")"};
            if (last == "Box" && inner->kind == TyKind::kSlice)
                return write_list(inner->args[0], "Vec::from(" + expression + ")");
            if (last == "Box" && inner->kind == TyKind::kDyn) {
                if (!inner->bounds.empty() && inner->bounds[0].trait.back() == "Iterator") {
                    Ty opaque = *inner;
                    opaque.kind = TyKind::kImpl;
                    return write(std::make_shared<const Ty>(opaque), expression);
                }
                if (!inner->bounds.empty() && inner->bounds[0].trait.back() == "Error")
                    return {"str", "S", "new_str(&(" + expression + ").to_string())"};
                throw Unmapped{"gives a trait object"};
            }
            if (last == "Box") return write(inner, "*" + expression);
        }
        if (last == "Range" && is_integer(*type->args.at(0)))
            return {"range", "KtRange", "to_range(" + expression + ")?"};
        if (last == "RangeInclusive" && is_integer(*type->args.at(0)))
            return {"range", "KtRange", "to_range_inclusive(" + expression + ")?"};
        if (last == "NonZero") return write(type->args.at(0), "(" + expression + ").get()");
        if (!table_.is_handle(*type)) throw Unmapped{"gives " + std_rust_path(type->path)};
    }
    const int slot = table_.handle(type);
    const TypeSlotEntry& entry = table_.entries()[slot];
    return {table_.shown(slot, *type), "H",
            "hnew::<" + entry.rust + ">(&T[" + std::to_string(slot) + "], " + expression + ", " +
                links(lifetime_slots(*type), "") + ")"};
}

}  // namespace kayton::bindgen
