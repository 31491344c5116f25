// Names and calls of Rust crates, from their manifests.
#include <algorithm>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::is_numeric;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;

const Manifest* Checker::manifest_of(const Type* handle) {
    handle = prune(handle);
    if (handle->kind != TypeKind::kHandle && handle->kind != TypeKind::kException) return nullptr;
    std::string_view name = handle->name;
    auto found = manifests_.find(name.substr(0, name.find('.')));
    if (found != manifests_.end()) {
        for (const ManifestType& t : found->second->types)
            if (t.name == name) return found->second.get();
    }
    // A type of a dependency that another crate's manifest lists.
    for (const auto& [crate, manifest] : manifests_)
        for (const ManifestType& t : manifest->types)
            if (t.name == name) return manifest.get();
    return found != manifests_.end() ? found->second.get() : nullptr;
}

std::vector<const ManifestFunction*> Checker::crate_functions(const Manifest& manifest, std::string_view name) {
    std::vector<const ManifestFunction*> found;
    for (const ManifestFunction& f : manifest.functions)
        if (f.name == name) found.push_back(&f);
    return found;
}

const Type* Checker::crate_type(const Manifest& manifest, const std::string& name) {
    for (const ManifestType& t : manifest.types) {
        if (t.name != name || t.kind == "trait") continue;
        return t.kind == "error" ? types_.exception(t.name, types_.find_exception("Exception")) : types_.handle(t.name);
    }
    return nullptr;
}

// The types that a generic item's name stands for: "ndarray.Array2" for those of its elements that are there.
std::vector<const ManifestType*> Checker::crate_instances(const Manifest& manifest, std::string_view name) {
    std::vector<const ManifestType*> found;
    for (const ManifestType& t : manifest.types)
        if (std::find(t.names.begin(), t.names.end(), name) != t.names.end()) found.push_back(&t);
    return found;
}

// Functions of a type, or of all instances of a generic item.
std::vector<const ManifestFunction*> Checker::crate_members(const Manifest& manifest, const std::string& type, std::string_view member) {
    const std::string rest = member.empty() ? std::string() : "." + std::string(member);
    std::vector<const ManifestFunction*> found = crate_functions(manifest, type + rest);
    for (const ManifestType* instance : crate_instances(manifest, type))
        if (instance->name != type)
            for (const ManifestFunction* f : crate_functions(manifest, instance->name + rest)) found.push_back(f);
    return found;
}

namespace {

// The path that the manifest's items have, for a second public path of theirs.
std::string first_path(const Manifest& manifest, std::string path) {
    for (int turns = 0; turns < 4; ++turns) {
        const ManifestAlias* best = nullptr;
        for (const ManifestAlias& alias : manifest.aliases)
            if ((path == alias.name || path.starts_with(alias.name + ".")) && (best == nullptr || alias.name.size() > best->name.size())) best = &alias;
        if (best == nullptr) break;
        path = best->target + path.substr(best->name.size());
    }
    return path;
}

}  // namespace

std::vector<std::string> Checker::crate_names(const Manifest& manifest, const std::string& prefix) {
    std::vector<std::string> names;
    auto add = [&](const std::string& full) {
        if (!full.starts_with(prefix + ".")) return;
        std::string rest = full.substr(prefix.size() + 1);
        names.push_back(rest.substr(0, rest.find('.')));
    };
    for (const ManifestType& t : manifest.types) {
        add(t.name);
        for (const std::string& name : t.names) add(name);
    }
    for (const ManifestAlias& alias : manifest.aliases) add(alias.name);
    for (const ManifestFunction& f : manifest.functions) add(f.name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

Entity Checker::crate_member(const Manifest& manifest, const std::string& written, Span span, bool report_missing) {
    Entity result;
    const std::string path = first_path(manifest, written);
    result.manifest = &manifest;
    result.name = path;
    if (const Type* t = crate_type(manifest, path)) {
        result.kind = EntityKind::kCrateType;
        result.type = t;
        return result;
    }
    if (!crate_instances(manifest, path).empty()) {
        result.kind = EntityKind::kCrateType;
        result.type = types_.handle(path);
        return result;
    }
    const size_t last = path.rfind('.');
    if (!crate_members(manifest, path.substr(0, last), path.substr(last + 1)).empty()) {
        result.kind = EntityKind::kCrateFunctions;
        return result;
    }
    std::vector<std::string> inside = crate_names(manifest, path);
    if (!inside.empty() || std::any_of(manifest.types.begin(), manifest.types.end(), [&](const ManifestType& t) { return t.name == path; })) {
        result.kind = EntityKind::kCrate;
        return result;
    }
    const size_t dot = path.rfind('.');
    const std::string owner = path.substr(0, dot);
    const std::string name = path.substr(dot + 1);
    if (report_missing) {
        std::string help;
        std::string rust = path;
        for (const ManifestSkipped& s : manifest.skipped) {
            // A skipped item says why it is not there.
            if (s.item.find(name) != std::string::npos && help.empty()) help = "`" + s.item + "` is not importable: " + s.reason;
        }
        std::string near = nearest_name(name, crate_names(manifest, owner));
        if (!near.empty()) help = "did you mean `" + near + "`?";
        if (help.empty()) help = "Run: kik info " + manifest.crate;
        report(DiagCode::kUnknownMember, span, "`" + owner + "` has no item `" + name + "`", "not in " + manifest.crate + " " + manifest.version, help);
    }
    result.kind = EntityKind::kValue;
    result.value = never(span);
    return result;
}

uint32_t Checker::plugin_function(const Manifest& manifest, const ManifestFunction& function) {
    for (size_t i = 0; i < program_.plugin_functions.size(); ++i)
        if (program_.plugin_functions[i].function == &function) return static_cast<uint32_t>(i);
    typed::PluginFunction entry;
    entry.manifest = &manifest;
    entry.function = &function;
    for (const ManifestParam& p : function.params) {
        const Type* t = parse_type(p.type);
        entry.params.push_back(t != nullptr ? t : types_.never);
    }
    const Type* result = parse_type(function.result.empty() ? "None" : function.result);
    entry.result = result != nullptr ? result : types_.never;
    program_.plugin_functions.push_back(std::move(entry));
    if (std::find(program_.plugins.begin(), program_.plugins.end(), &manifest) == program_.plugins.end()) program_.plugins.push_back(&manifest);
    return static_cast<uint32_t>(program_.plugin_functions.size() - 1);
}

// An associated constant, unit struct or unit variant. Null when the name is none.
TExpr* Checker::crate_constant(const Entity& entity, const Expr& e, const Type* expected) {
    const size_t dot = entity.name.rfind('.');
    std::vector<const ManifestFunction*> found = crate_functions(*entity.manifest, entity.name);
    if (found.empty() && dot != std::string::npos) found = crate_members(*entity.manifest, entity.name.substr(0, dot), entity.name.substr(dot + 1));
    std::erase_if(found, [](const ManifestFunction* f) { return !f->constant; });
    if (found.empty()) return nullptr;
    for (const ManifestFunction* f : found) {
        const Type* type = parse_type(f->result);
        if (expected != nullptr && type != nullptr && accepts(expected, type)) return plugin_call(*entity.manifest, *f, {}, e.span);
    }
    return plugin_call(*entity.manifest, *found.front(), {}, e.span);
}

// A public field, or a method used as a value.
TExpr* Checker::crate_attribute(TExpr* object, const AttributeExpr& e) {
    const Type* t = prune(object->type);
    const std::string name(e.name);
    if (t->kind == TypeKind::kNever) return object;
    if (name == "__class__") return type_of(object, e.span);
    if (t->kind == TypeKind::kDynamic && (name == "__name__" || name == "__qualname__"))
        return runtime(RT::kt_class_name, types_.str, e.span, {type_info(t, e.span), object});
    if (is_several(t)) return dispatch(object, e.span, [&](TExpr* member) { return crate_attribute(member, e); });
    if (t->kind == TypeKind::kInt || t->kind == TypeKind::kBool || t->kind == TypeKind::kFloat) {
        const Type* number = t->kind == TypeKind::kFloat ? t : types_.integer;
        const bool whole = t->kind != TypeKind::kFloat;
        if (name == "real" || (whole && name == "numerator")) return convert(object, number);
        if (name == "imag" || (whole && name == "denominator")) {
            BlockScope scope(*this);
            emit_expr(object);
            return scope.finish(whole ? constant_int(name == "imag" ? 0 : 1, e.span) : make(TK::kFloat, types_.floating, e.span));
        }
    }
    if (t->kind == TypeKind::kTypeObject) {
        const Type* named = prune(t->args[0]);
        if (name == "__name__" || name == "__qualname__") return constant_str(type_name(named), e.span);
        if (named->class_info != nullptr) {
            Entity member = class_member(*named->class_info, e);
            if (member.kind == EntityKind::kFunction) return function_value(*member.function, &e, e.span, nullptr);
            if (member.value != nullptr) return member.value;
        }
    }
    if (is_instance(t))
        if (TExpr* value = class_attribute(object, e)) return value;
    if (t->kind == TypeKind::kException && name == "args") {
        return collect(runtime(RT::kt_exception_args, types_.list(types_.dynamic), e.span, {object}), e.span, "tuple");
    }
    if (t->kind == TypeKind::kException && (name == "__cause__" || name == "__context__"))
        return runtime(RT::kt_exception_link, types_.optional(types_.find_exception("BaseException")), e.span,
                       {object, constant_int(name == "__cause__" ? 0 : 1, e.span)});
    if (t->kind == TypeKind::kException && name == "__suppress_context__")
        return op(typed::Op::kIntNe, types_.boolean, e.span, {runtime(RT::kt_exception_suppressed, types_.integer, e.span, {object}), constant_int(0, e.span)});
    if (t->kind == TypeKind::kException) {
        static constexpr std::string_view kOfFiles[] = {"errno", "strerror", "filename"};
        static constexpr std::string_view kOfTexts[] = {"encoding", "object", "start", "end", "reason"};
        const bool of_text = types::is_subclass(t, types_.find_exception("UnicodeError"));
        int64_t which = -1;
        for (size_t i = 0; i < std::size(kOfFiles); ++i)
            if (name == kOfFiles[i] && types::is_subclass(t, types_.find_exception("OSError"))) which = static_cast<int64_t>(i);
        for (size_t i = 0; i < std::size(kOfTexts); ++i)
            if (name == kOfTexts[i] && of_text) which = static_cast<int64_t>(i) + 3;
        if (which >= 0) return runtime(RT::kt_exception_attribute, types_.dynamic, e.span, {object, constant_int(which, e.span)});
    }
    if (t->kind == TypeKind::kException && name == "code" && types::is_subclass(t, types_.find_exception("SystemExit"))) {
        Unit* written = import_unit("_builtin_methods", e.span);
        const Entity code = written != nullptr ? unit_member(*written, "_exit_code", e.span) : Entity{};
        if (code.kind == EntityKind::kFunction)
            return call_values(*code.function, {runtime(RT::kt_exception_args, types_.list(types_.dynamic), e.span, {object})}, e.span);
    }
    if (t->kind == TypeKind::kException && name == "value" && types::is_subclass(t, types_.find_exception("StopIteration"))) {
        return runtime(RT::kt_stop_value, types_.dynamic, e.span, {object});
    }
    if (t->kind == TypeKind::kList && t->name == "deque" && name == "maxlen") return constant_none(e.span);
    if (t->kind == TypeKind::kTextFile || t->kind == TypeKind::kBinaryFile) {
        if (name == "name") return runtime(RT::kt_file_name, types_.str, e.span, {object});
        if (name == "closed") return runtime(RT::kt_file_closed, types_.boolean, e.span, {object});
    }
    if (t->kind == TypeKind::kRange && (name == "start" || name == "stop" || name == "step")) {
        TExpr* field = make(TK::kRangeField, types_.integer, e.span, {object});
        field->index = name == "start" ? 0 : name == "stop" ? 1 : 2;
        return field;
    }
    if (const Manifest* manifest = manifest_of(t)) {
        for (const ManifestFunction* f : crate_functions(*manifest, std::string(t->name) + "." + name))
            if (f->field) return plugin_call(*manifest, *f, {object}, e.span);
    }
    std::vector<std::string> names = method_names(t);
    const bool is_method = std::find(names.begin(), names.end(), name) != names.end();
    if (is_method) return bound_value(object, e);
    std::string near = nearest_name(name, names);
    report(DiagCode::kUnknownAttribute, e.name_span,
           "'" + to_string(resolved(t)) + "' object has no attribute '" + name + "'", "this is " + to_string(resolved(t)),
           near.empty() ? "" : "did you mean `" + near + "`?").of_none = t->kind == TypeKind::kNone;
    return never(e.span);
}

// An iterator over a crate value: itself when it is one, else its __iter__. Null when it has none.
TExpr* Checker::crate_iter(TExpr* value, Span span) {
    const Type* t = prune(value->type);
    const Manifest* manifest = manifest_of(t);
    if (manifest == nullptr) return nullptr;
    if (!crate_functions(*manifest, std::string(t->name) + ".__next__").empty()) return value;
    if (!crate_functions(*manifest, std::string(t->name) + ".__iter__").empty()) return crate_protocol(t, "__iter__", {value}, span);
    if (!crate_functions(*manifest, std::string(t->name) + ".into_iter").empty()) return crate_protocol(t, "into_iter", {value}, span);
    return nullptr;
}

}  // namespace kayton::check
