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
        if (t.name != name) continue;
        return t.kind == "error" ? types_.exception(t.name, types_.find_exception("Exception")) : types_.handle(t.name);
    }
    return nullptr;
}

std::vector<std::string> Checker::crate_names(const Manifest& manifest, const std::string& prefix) {
    std::vector<std::string> names;
    auto add = [&](const std::string& full) {
        if (!full.starts_with(prefix + ".")) return;
        std::string rest = full.substr(prefix.size() + 1);
        names.push_back(rest.substr(0, rest.find('.')));
    };
    for (const ManifestType& t : manifest.types) add(t.name);
    for (const ManifestFunction& f : manifest.functions) add(f.name);
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

Entity Checker::crate_member(const Manifest& manifest, const std::string& path, Span span, bool report_missing) {
    Entity result;
    result.manifest = &manifest;
    result.name = path;
    if (const Type* t = crate_type(manifest, path)) {
        result.kind = EntityKind::kCrateType;
        result.type = t;
        return result;
    }
    if (!crate_functions(manifest, path).empty()) {
        result.kind = EntityKind::kCrateFunctions;
        return result;
    }
    std::vector<std::string> inside = crate_names(manifest, path);
    if (!inside.empty()) {
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

// Whether an argument may be given for a parameter, with the conversions a crate's parameters allow.
bool Checker::fits_parameter(const Type* parameter, const TExpr* argument) {
    const Type* from = prune(argument->type);
    const Type* to = prune(parameter);
    if (accepts(to, from)) return true;
    if (to->kind == TypeKind::kFloat && is_numeric(from)) return true;
    if (to->kind == TypeKind::kInt && from->kind == TypeKind::kBool) return true;
    if (to->kind == TypeKind::kUnion && std::any_of(to->args.begin(), to->args.end(), [&](const Type* m) { return prune(m)->kind == TypeKind::kFloat; }) && is_numeric(from)) return true;
    if (to->kind == from->kind && (to->kind == TypeKind::kList || to->kind == TypeKind::kDict || to->kind == TypeKind::kSet)) {
        for (size_t i = 0; i < to->args.size(); ++i) {
            const Type* element = prune(from->args[i]);
            if (element->kind != TypeKind::kVar && element->kind != TypeKind::kNever && resolved(element) != resolved(to->args[i])) return false;
        }
        return true;
    }
    return false;
}

TExpr* Checker::plugin_call(const Manifest& manifest, const ManifestFunction& function, const Args& args, Span span) {
    const uint32_t index = plugin_function(manifest, function);
    Args converted;
    for (size_t i = 0; i < args.size(); ++i) {
        const Type* to = program_.plugin_functions[index].params[i];
        const std::string what = "parameter `" + function.params[i].name + "` of `" + function.name + "`";
        converted.push_back(coerce(args[i], to, args[i]->span, what, true));
    }
    TExpr* call = make(TK::kCallPlugin, program_.plugin_functions[index].result, span, converted);
    call->index = index;
    return call;
}

TExpr* Checker::crate_protocol(const Type* handle, std::string_view method, const Args& args, Span span) {
    handle = prune(handle);
    const Manifest* manifest = manifest_of(handle);
    const std::string name = std::string(handle->name) + "." + std::string(method);
    std::vector<const ManifestFunction*> candidates = crate_functions(*manifest, name);
    for (const Type* t : {prune(args.back()->type)})
        if (t->kind == TypeKind::kNever) return never(span);
    for (const ManifestFunction* f : candidates) {
        if (f->params.size() != args.size()) continue;
        bool fits = true;
        for (size_t i = 0; i < args.size() && fits; ++i) {
            const Type* p = parse_type(f->params[i].type);
            fits = p != nullptr && fits_parameter(p, args[i]);
        }
        if (fits) return plugin_call(*manifest, *f, args, span);
    }
    if (!candidates.empty() && candidates.front()->params.size() == args.size()) return plugin_call(*manifest, *candidates.front(), args, span);
    report(DiagCode::kBadArguments, span, "`" + name + "` cannot take these values");
    return never(span);
}

// A crate's function, method (`receiver` set) or type called with arguments as written.
TExpr* Checker::crate_call(const Manifest& manifest, const std::string& name, TExpr* receiver, const CallExpr& e) {
    Span span = e.span;
    std::vector<const ManifestFunction*> candidates = crate_functions(manifest, name);
    const Manifest* owner = &manifest;
    if (receiver == nullptr && crate_type(manifest, name) != nullptr) {
        candidates = crate_functions(manifest, name + ".new");
        // A struct literal: T(field=value, ...).
        for (const ManifestFunction* f : crate_functions(manifest, name)) candidates.push_back(f);
        if (candidates.empty() || (!e.keywords.empty())) {
            auto more = crate_functions(manifest, name + ".__init__");
            candidates.insert(candidates.begin(), more.begin(), more.end());
        }
        for (const char* conversion : {".from", ".from_str", ".try_from"}) {
            auto more = crate_functions(manifest, name + conversion);
            candidates.insert(candidates.end(), more.begin(), more.end());
        }
    }
    std::erase_if(candidates, [](const ManifestFunction* f) { return f->constant || f->field; });
    if (candidates.empty()) {
        const size_t dot = name.rfind('.');
        const std::string type_name = name.substr(0, dot);
        const std::string method = name.substr(dot + 1);
        std::string near = nearest_name(method, crate_names(manifest, type_name));
        std::string help = near.empty() ? "Run: kik info " + name : "did you mean `" + near + "`?";
        for (const ManifestSkipped& s : manifest.skipped)
            if (near.empty() && s.item.find(method) != std::string::npos) help = "`" + s.item + "` is not importable: " + s.reason;
        report(DiagCode::kUnknownAttribute, e.callee->span, "`" + type_name + "` has no method `" + method + "`", "not in " + manifest.crate + " " + manifest.version, help);
        return never(span);
    }
    const size_t offset = receiver != nullptr ? 1 : 0;
    const size_t count = e.args.size() + e.keywords.size() + offset;
    // Which overloads take this many arguments; the first decides what empty containers become.
    std::vector<const ManifestFunction*> fitting;
    for (const ManifestFunction* f : candidates) {
        if (f->params.size() < count) continue;
        bool rest_optional = true;
        for (size_t i = count; i < f->params.size(); ++i) rest_optional &= f->params[i].type.find("None") != std::string::npos && f->params.size() > count;
        if (f->params.size() == count || (rest_optional && e.keywords.empty())) fitting.push_back(f);
    }
    BlockScope scope(*this);
    if (fitting.empty()) {
        const ManifestFunction& f = *candidates.front();
        report(DiagCode::kBadArguments, span,
               "`" + name + "` takes " + std::to_string(f.params.size() - std::min(offset, f.params.size())) + " argument" + (f.params.size() - offset == 1 ? "" : "s") + ", " +
                   std::to_string(count - offset) + " given",
               "", "it is " + f.name + f.signature);
        return never(span);
    }
    Args args;
    if (receiver != nullptr) args.push_back(receiver);
    for (const Expr* arg : e.args) {
        const Type* expected = args.size() < fitting.front()->params.size() ? parse_type(fitting.front()->params[args.size()].type) : nullptr;
        TExpr* value = expression(*arg, expected);
        if (prune(value->type)->kind == TypeKind::kNever && value->kind == TK::kConvert) {
            emit_expr(value);
            return scope.finish(never(span));
        }
        args.push_back(value);
    }
    std::map<std::string_view, TExpr*> named;
    for (const KeywordArg& k : e.keywords) named[k.name] = expression(*k.value);
    for (const ManifestFunction* f : fitting) {
        Args all = args;
        bool fits = true;
        for (size_t i = args.size(); i < f->params.size() && fits; ++i) {
            auto given = named.find(f->params[i].name);
            if (given != named.end()) all.push_back(given->second);
            else if (named.empty()) all.push_back(constant_none(span));
            else fits = false;
        }
        for (size_t i = 0; i < all.size() && fits; ++i) {
            const Type* p = parse_type(f->params[i].type);
            fits = p != nullptr && fits_parameter(p, all[i]);
        }
        if (fits) return scope.finish(plugin_call(*owner, *f, all, span));
    }
    // No overload fits: the first one's mismatch is the message.
    const ManifestFunction& f = *fitting.front();
    Args all = args;
    for (size_t i = args.size(); i < f.params.size(); ++i) {
        auto given = named.find(f.params[i].name);
        if (given == named.end() && !named.empty()) {
            report(DiagCode::kBadArguments, span, "`" + name + "` needs `" + f.params[i].name + "`", "", "it is " + f.name + f.signature);
            return never(span);
        }
        all.push_back(given != named.end() ? given->second : constant_none(span));
    }
    return scope.finish(plugin_call(*owner, f, all, span));
}

// A public field, or a method used as a value.
TExpr* Checker::crate_attribute(TExpr* object, const AttributeExpr& e) {
    const Type* t = prune(object->type);
    const std::string name(e.name);
    if (t->kind == TypeKind::kNever) return object;
    if (t->kind == TypeKind::kUnion) {
        if (types::is_union_with_none(t)) {
            report(DiagCode::kOptionalUse, e.object->span, "this may be None, which has no attribute '" + name + "'",
                   "this is " + to_string(resolved(t)), "test it with `is not None` first");
            return never(e.span);
        }
        return dispatch(object, e.span, [&](TExpr* member) { return crate_attribute(member, e); });
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
    if (t->kind == TypeKind::kException && name == "value" && types::is_subclass(t, types_.find_exception("StopIteration"))) {
        return runtime(RT::kt_stop_value, types_.dynamic, e.span, {object});
    }
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
           near.empty() ? "" : "did you mean `" + near + "`?");
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
