#include "worker/runtime/type_registry.h"

#include <deque>
#include <map>
#include <unordered_map>
#include <vector>

#include "worker/runtime/exceptions.h"
#include "worker/runtime/type_record.h"
#include "worker/runtime/memory.h"
#include "worker/runtime/type_parser.h"

namespace kayton {

extern "C" {
extern const KtTypeInfo kt_type_none, kt_type_bool, kt_type_int, kt_type_float, kt_type_str, kt_type_bytes,
    kt_type_dynamic;
#define KT_PLAIN_TYPE(symbol, kind, bytes, alignment, refs, name) \
    const KtTypeInfo symbol = {kind, bytes, alignment, refs, name, nullptr, nullptr, nullptr, 0, 0, nullptr, nullptr}
KT_PLAIN_TYPE(kt_type_none, KT_KIND_NONE, 1, 1, 0, "None");
KT_PLAIN_TYPE(kt_type_bool, KT_KIND_BOOL, 1, 1, 0, "bool");
KT_PLAIN_TYPE(kt_type_int, KT_KIND_INT, 8, 8, 0, "int");
KT_PLAIN_TYPE(kt_type_float, KT_KIND_FLOAT, 8, 8, 0, "float");
KT_PLAIN_TYPE(kt_type_str, KT_KIND_STR, 8, 8, 1, "str");
KT_PLAIN_TYPE(kt_type_bytes, KT_KIND_BYTES, 8, 8, 1, "bytes");
KT_PLAIN_TYPE(kt_type_dynamic, KT_KIND_DYNAMIC, 16, 8, 1, "Dynamic");
}
KT_PLAIN_TYPE(kTypeFunction, KT_KIND_FUNCTION, 8, 8, 1, "function");
KT_PLAIN_TYPE(kTypeTextFile, KT_KIND_FILE, 8, 8, 1, "TextFile");
KT_PLAIN_TYPE(kTypeBinaryFile, KT_KIND_FILE, 8, 8, 1, "BinaryFile");
KT_PLAIN_TYPE(kTypeRange, KT_KIND_RANGE, sizeof(KtRange), 8, 0, "range");
KT_PLAIN_TYPE(kTypeSlice, KT_KIND_SLICE, sizeof(KtRange), 8, 0, "slice");
KT_PLAIN_TYPE(kTypeType, KT_KIND_TYPE, 8, 8, 0, "type");
#undef KT_PLAIN_TYPE

namespace {

struct Registry {
    // Composite types by their kind and the addresses of their arguments.
    std::map<std::tuple<uint32_t, std::vector<const KtTypeInfo*>, std::string>, const KtTypeInfo*> composites;
    std::unordered_map<std::string, const KtTypeInfo*> by_signature;  // cleared when a class is redefined
    std::unordered_map<std::string, const KtTypeInfo*> named;
    std::deque<std::string> names;
    std::deque<TypeRecord> classes;
    std::deque<TypeRecord> infos;
    std::unordered_map<const KtTypeInfo*, std::vector<const KtTypeInfo*>> subclasses;  // direct ones
    std::deque<std::vector<const KtTypeInfo*>> arguments;
    std::deque<std::vector<uint32_t>> offsets;
    std::deque<std::vector<const char*>> field_names;
    std::deque<KtTypeOps> ops;
    bool finalizers = false;
};

Registry& registry() {
    static Registry instance;
    return instance;
}

const char* keep(std::string_view name) {
    return registry().names.emplace_back(name).c_str();
}

std::string joined(const std::vector<const KtTypeInfo*>& args, size_t first, size_t last, const char* separator) {
    std::string text;
    for (size_t i = first; i < last; ++i) {
        if (i > first) text += separator;
        text += args[i]->name;
    }
    return text;
}

std::string composite_name(uint32_t kind, const std::vector<const KtTypeInfo*>& args, std::string_view flavour) {
    if (kind == KT_KIND_TYPE && args.empty()) return "function[" + std::string(flavour) + "]";
    if (!flavour.empty())
        return std::string(flavour) + "[" + joined(args, 0, args.size(), ", ") + (flavour == "tuple" ? ", ...]" : "]");
    switch (kind) {
        case KT_KIND_LIST: return "list[" + joined(args, 0, 1, "") + "]";
        case KT_KIND_SET: return "set[" + joined(args, 0, 1, "") + "]";
        case KT_KIND_ITERATOR:
            return (args.size() == 1 ? "Iterator[" : "Generator[") + joined(args, 0, args.size(), ", ") + "]";
        case KT_KIND_DICT: return "dict[" + joined(args, 0, 2, ", ") + "]";
        case KT_KIND_TUPLE: return args.empty() ? "tuple[()]" : "tuple[" + joined(args, 0, args.size(), ", ") + "]";
        case KT_KIND_UNION: return joined(args, 0, args.size(), " | ");
        case KT_KIND_OPTIONAL: return std::string(args[0]->name) + " | None";
        case KT_KIND_FUNCTION:
            return "Callable[[" + joined(args, 0, args.size() - 1, ", ") + "], " + args.back()->name + "]";
        default: return "cell";
    }
}

uint32_t aligned(uint32_t offset, uint32_t align) {
    return (offset + align - 1) / align * align;
}

}  // namespace

const KtTypeInfo* composite_type(uint32_t kind, std::vector<const KtTypeInfo*> args, std::string_view flavour) {
    auto& types = registry();
    const auto found = types.composites.find({kind, args, std::string(flavour)});
    if (found != types.composites.end()) return found->second;
    KtTypeInfo info = {kind,
                       8,
                       8,
                       1,
                       keep(composite_name(kind, args, flavour)),
                       nullptr,
                       nullptr,
                       nullptr,
                       static_cast<uint32_t>(args.size()),
                       0,
                       nullptr,
                       nullptr};
    const auto& kept = types.arguments.emplace_back(args);
    info.args = kept.data();
    if (kind == KT_KIND_TUPLE) {
        auto& offsets = types.offsets.emplace_back();
        info.size = 0;
        info.align = 1;
        info.has_refs = 0;
        for (const KtTypeInfo* member : args) {
            info.size = aligned(info.size, member->align);
            offsets.push_back(info.size);
            info.size += member->size;
            info.align = std::max(info.align, member->align);
            info.has_refs |= member->has_refs;
        }
        info.size = aligned(info.size, info.align);
        info.offsets = offsets.data();
    } else if (kind == KT_KIND_TYPE) {  // the class itself: nothing is stored
        info.size = 1;
        info.align = 1;
        info.has_refs = 0;
    } else if (kind == KT_KIND_UNION) {
        info.size = sizeof(KtValue);
        info.has_refs = 0;
        for (const KtTypeInfo* member : args) info.has_refs |= member->has_refs | uint32_t{is_boxed_kind(member->kind)};
    }
    const KtTypeInfo* made = &types.infos.emplace_back(TypeRecord{info}).info;
    types.composites.emplace(std::make_tuple(kind, std::move(args), std::string(flavour)), made);
    return made;
}

const KtTypeInfo* named_type(std::string_view name) {
    static const std::unordered_map<std::string_view, const KtTypeInfo*> plain = {
        {"None", &kt_type_none},
        {"function", &kt_type_none},  // known at compile time: nothing is stored
        {"Never", &kt_type_none},  // in the type of a function that does not return, or that nothing calls
        {"bool", &kt_type_bool},
        {"int", &kt_type_int},
        {"float", &kt_type_float},
        {"str", &kt_type_str},
        {"bytes", &kt_type_bytes},
        {"Dynamic", &kt_type_dynamic},
        {"range", &kTypeRange},
        {"slice", &kTypeSlice},
        {"TextFile", &kTypeTextFile},
        {"BinaryFile", &kTypeBinaryFile},
        {"type", &kTypeType},
    };
    auto& types = registry();
    const auto registered = types.named.find(std::string(name));
    if (registered != types.named.end()) return registered->second;
    const auto found = plain.find(name);
    if (found != plain.end()) return found->second;
    return builtin_exception(name);
}

const KtTypeInfo* intern_type(std::string_view signature) {
    auto& types = registry();
    std::string key(signature);
    const auto found = types.by_signature.find(key);
    if (found != types.by_signature.end()) return found->second;
    const KtTypeInfo* type = parse_type(signature);
    if (type != nullptr) types.by_signature.emplace(std::move(key), type);
    return type;
}

const KtTypeInfo* list_of(const KtTypeInfo* element) {
    return composite_type(KT_KIND_LIST, {element});
}
const KtTypeInfo* set_of(const KtTypeInfo* element) {
    return composite_type(KT_KIND_SET, {element});
}
const KtTypeInfo* dict_of(const KtTypeInfo* key, const KtTypeInfo* value) {
    return composite_type(KT_KIND_DICT, {key, value});
}
const KtTypeInfo* tuple_of(const KtTypeInfo* const* members, uint32_t count) {
    return composite_type(KT_KIND_TUPLE, {members, members + count});
}
const KtTypeInfo* cell_of(const KtTypeInfo* value) {
    return composite_type(kKindCell, {value});
}

const KtTypeInfo* type_list_str() {
    static const KtTypeInfo* type = list_of(&kt_type_str);
    return type;
}
const KtTypeInfo* type_list_int() {
    static const KtTypeInfo* type = list_of(&kt_type_int);
    return type;
}
const KtTypeInfo* type_list_dynamic() {
    static const KtTypeInfo* type = list_of(&kt_type_dynamic);
    return type;
}
const KtTypeInfo* type_dict_str_dynamic() {
    static const KtTypeInfo* type = dict_of(&kt_type_str, &kt_type_dynamic);
    return type;
}
const KtTypeInfo* type_str_triple() {
    static const KtTypeInfo* type = composite_type(KT_KIND_TUPLE, {&kt_type_str, &kt_type_str, &kt_type_str});
    return type;
}

namespace {

void announce(const char* name, const KtTypeInfo* info) {
    auto& types = registry();
    types.named[name] = info;
    types.by_signature.clear();
}

KtTypeOps merged_ops(const KtTypeOps* own, const KtTypeOps* inherited) {
    KtTypeOps ops = inherited != nullptr ? *inherited : KtTypeOps{};
    if (own == nullptr) return ops;
    if (own->eq != nullptr) ops.hash = nullptr;  // a class that defines __eq__ alone is not hashable
#define KT_INHERIT(entry) \
    if (own->entry != nullptr) ops.entry = own->entry
    KT_INHERIT(drop);
    KT_INHERIT(str);
    KT_INHERIT(repr);
    KT_INHERIT(eq);
    KT_INHERIT(compare);
    KT_INHERIT(hash);
    KT_INHERIT(len);
    KT_INHERIT(clone);
    KT_INHERIT(format);
#undef KT_INHERIT
    return ops;
}

int32_t unknown_type(std::string_view signature, std::string_view where) {
    return raise_format(Exc::SystemError, "type '{}' of {} is not known to this worker", signature, where);
}

int32_t lay_out_class(const KtClassNeed& need, TypeRecord& record) {
    auto& types = registry();
    KtTypeInfo& info = record.info;
    const KtTypeInfo* base = nullptr;
    if (need.base_signature != nullptr) {
        base = intern_type(need.base_signature);
        if (base == nullptr || (base->kind != KT_KIND_CLASS && base->kind != KT_KIND_EXCEPTION))
            return unknown_type(need.base_signature, std::string("the base of class ") + need.name);
    }
    auto& members = types.arguments.emplace_back();
    auto& offsets = types.offsets.emplace_back();
    auto& names = types.field_names.emplace_back();
    uint32_t end = sizeof(KtObject);
    if (base != nullptr) {
        members.assign(base->args, base->args + base->args_count);
        offsets.assign(base->offsets, base->offsets + base->args_count);
        names.assign(base->field_names, base->field_names + base->args_count);
        end = members.empty() ? base->object_size : offsets.back() + members.back()->size;
        info.kind = base->kind;
        info.base = base;
        record.finalize = record_of(base).finalize;
        types.subclasses[base].push_back(&info);
    }
    if (need.finalize != nullptr) {
        record.finalize = need.finalize;
        types.finalizers = true;
    }
    const size_t inherited = names.size();
    for (int64_t i = 0; i < need.field_count; ++i) {
        bool known = false;
        for (size_t k = 0; k < inherited && !known; ++k) known = std::string_view(names[k]) == need.field_names[i];
        if (known) continue;
        const KtTypeInfo* type = intern_type(need.field_signatures[i]);
        if (type == nullptr)
            return unknown_type(need.field_signatures[i], fmt::format("field {}.{}", need.name, need.field_names[i]));
        end = aligned(end, type->align);
        members.push_back(type);
        offsets.push_back(end);
        names.push_back(keep(need.field_names[i]));
        end += type->size;
    }
    info.object_size = aligned(end, 8);
    info.args = members.data();
    info.offsets = offsets.data();
    info.field_names = names.data();
    info.args_count = static_cast<uint32_t>(members.size());
    info.ops = &types.ops.emplace_back(merged_ops(need.ops, base != nullptr ? base->ops : nullptr));
    return KT_OK;
}

}  // namespace

int32_t define_classes(const KtClassNeed* needs, int64_t count) {
    auto& types = registry();
    std::vector<TypeRecord*> declared;
    for (int64_t i = 0; i < count; ++i) {
        const char* name = keep(needs[i].name);
        TypeRecord& record = types.classes.emplace_back(
            TypeRecord{KtTypeInfo{KT_KIND_CLASS, 8, 8, 1, name, nullptr, nullptr, nullptr, 0, 0, nullptr, nullptr}});
        announce(name, &record.info);
        declared.push_back(&record);
    }
    for (int64_t i = 0; i < count; ++i) {
        if (lay_out_class(needs[i], *declared[static_cast<size_t>(i)]) != KT_OK) return KT_ERROR;
        if (needs[i].slot != nullptr) *needs[i].slot = &declared[static_cast<size_t>(i)]->info;
    }
    return KT_OK;
}

const KtTypeInfo* register_handle_type(std::string_view name, const KtTypeOps* ops) {
    auto& types = registry();
    const auto taken = types.named.find(std::string(name));
    if (taken != types.named.end())
        return taken->second->kind == KT_KIND_HANDLE && taken->second->ops == ops ? taken->second : nullptr;
    const char* kept = keep(name);
    const KtTypeInfo* info = &types.infos.emplace_back(
        TypeRecord{KtTypeInfo{KT_KIND_HANDLE, 8, 8, 1, kept, nullptr, nullptr, nullptr, 0, sizeof(KtHandle), ops, nullptr}}).info;
    announce(kept, info);
    return info;
}

const KtTypeInfo* register_exception(std::string_view name, const KtTypeInfo* base, const KtTypeOps* ops) {
    auto& types = registry();
    const auto taken = types.named.find(std::string(name));
    if (taken != types.named.end()) return taken->second->base == base ? taken->second : nullptr;
    const char* kept = keep(name);
    const KtTypeInfo* info = &types.infos.emplace_back(
        TypeRecord{KtTypeInfo{KT_KIND_EXCEPTION, 8, 8, 1, kept, base, nullptr, nullptr, 0, sizeof(KtException), ops, nullptr}}).info;
    announce(kept, info);
    return info;
}

bool finalizers_defined() {
    return registry().finalizers;
}

const std::vector<const KtTypeInfo*>& subclasses_of(const KtTypeInfo* type) {
    static const std::vector<const KtTypeInfo*> none;
    const auto found = registry().subclasses.find(type);
    return found != registry().subclasses.end() ? found->second : none;
}

int32_t fill_types(const KtTypeNeed* needs, int64_t count) {
    for (int64_t i = 0; i < count; ++i) {
        const KtTypeInfo* type = intern_type(needs[i].signature);
        if (type == nullptr) return unknown_type(needs[i].signature, "this module");
        *needs[i].slot = type;
    }
    return KT_OK;
}

std::string_view flavour_of(const KtTypeInfo* type) {
    const std::string_view name = type->name;
    return name.substr(0, name.find_first_of("[:"));
}

std::string_view short_name(const KtTypeInfo* type) {
    switch (type->kind) {
        case KT_KIND_NONE: return "NoneType";
        case KT_KIND_LIST:
        case KT_KIND_DICT:
        case KT_KIND_SET: return flavour_of(type);
        case KT_KIND_TUPLE: return "tuple";
        case KT_KIND_FUNCTION: return "function";
        case KT_KIND_ITERATOR: return "generator";
        case KT_KIND_FILE: return type == &kTypeTextFile ? "TextIOWrapper" : "BufferedReader";
        default: break;
    }
    const std::string_view name = type->name;
    const size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

const KtTypeInfo* dynamic_type(const KtTypeInfo* type, const void* value) {
    switch (type->kind) {
        case KT_KIND_UNION:
        case KT_KIND_DYNAMIC: {
            const auto* held = static_cast<const KtValue*>(value);
            if (held->type == nullptr) return &kt_type_none;
            return dynamic_type(held->type, payload_address(*held));
        }
        case KT_KIND_OPTIONAL:
            if (*static_cast<void* const*>(value) == nullptr) return &kt_type_none;
            return dynamic_type(type->args[0], value);
        case KT_KIND_CLASS:
        case KT_KIND_EXCEPTION:
        case KT_KIND_HANDLE:
        case KT_KIND_FILE: {
            const auto* object = *static_cast<KtObject* const*>(value);
            return object != nullptr ? object->type : type;
        }
        default: return type;
    }
}

}  // namespace kayton
