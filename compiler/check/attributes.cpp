// Attributes of objects of user classes and of the classes themselves: fields, class attributes, methods as values, and
// assignments to them.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"

namespace kayton::check {

using namespace syntax;
using types::ClassField;
using types::ClassInfo;
using types::Method;
using types::MethodKind;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

// Behind the name of a late attribute's global: is it assigned?
constexpr const char* kAssigned = "#assigned";

}  // namespace

TExpr* Checker::read_field(TExpr* object, ClassInfo& c, std::string_view name, Span span) {
    ClassField* field = find_field(c, name);
    if (field == nullptr || prune(field->type)->kind == TypeKind::kVar || prune(field->type)->kind == TypeKind::kNever) {
        BlockScope scope(*this);
        emit_expr(object);
        return scope.finish(raise_stmt(types_.find_exception("AttributeError"), "'" + c.name + "' object has no attribute '" + std::string(name) + "'", span));
    }
    const bool unset = may_be_unset(c, *field);
    TExpr* read = make(TK::kField, field->type, span, {object});
    read->index = field_index(c, name);
    if (unset && types::is_union_with_none(field->type)) return present(read, "'" + c.name + "' object has no attribute '" + std::string(name) + "'", true);
    return read;
}

TExpr* Checker::read_attribute_global(ClassInfo& owner, std::string_view name, Span span) {
    auto read = [&](const std::string& key) -> TExpr* {
        auto global = globals_.find(key);
        if (global == globals_.end() || global->second.declared == nullptr) return nullptr;
        TExpr* value = read_global(global->second, global->first, span);
        if (value->kind == TK::kGlobal) value->int_value = 0;
        return value;
    };
    TExpr* own = read(owner.attribute_global(name));
    ClassInfo* base = nullptr;
    if (owner.late.contains(name))
        for (size_t i = 1; i < owner.mro.size() && base == nullptr; ++i)
            if (owner.mro[i]->attributes.contains(name)) base = owner.mro[i];
    if (base == nullptr) return own != nullptr ? own : never(span);
    TExpr* inherited = read_attribute_global(*base, name, span);
    TExpr* assigned = read(owner.attribute_global(name) + kAssigned);
    if (own == nullptr || assigned == nullptr) return inherited;
    return if_expr(assigned, own, inherited, join_types(own->type, inherited->type));
}

// A method of what a class attribute holds that gets or sets the attribute of objects. Null: it is a plain value.
const Method* Checker::descriptor_method(TExpr* attribute, std::string_view name) {
    if (attribute == nullptr || !is_instance(attribute->type)) return nullptr;
    const Method* m = find_method(*prune(attribute->type)->class_info, name);
    return m != nullptr && m->kind == MethodKind::kInstance ? m : nullptr;
}

TExpr* Checker::class_attribute(TExpr* object, const AttributeExpr& e) {
    const std::string name(e.name);
    const Type* t = prune(object->type);
    ClassInfo& c = *t->class_info;
    if (name == "__class__") return type_of(object, e.span);
    if (name == "__dict__" && find_method(c, "_attributes") != nullptr) return call_method(object, "_attributes", {}, e.span);
    if (name == "__dict__" && t->kind == TypeKind::kClass) {  // what it holds now
        auto none = [](ClassInfo& k) { return static_cast<const void*>(&k); };
        return by_class(object, e.span, none, [&](TExpr* o, ClassInfo& k) -> TExpr* {
            BlockScope scope(*this);
            TExpr* held = hold(o);
            std::vector<ClassInfo*> chain;
            for (ClassInfo* b = &k; b != nullptr; b = b->base) chain.insert(chain.begin(), b);
            Args pairs;
            for (ClassInfo* b : chain)
                for (const ClassField& field : b->fields) {
                    TExpr* value = read_field(held, k, field.name, e.span);
                    if (prune(value->type)->kind == TypeKind::kNever) continue;
                    pairs.push_back(constant_str(field.name, e.span));
                    pairs.push_back(convert(value, types_.dynamic));
                }
            return scope.finish(make(TK::kDict, types_.dict(types_.str, types_.dynamic), e.span, pairs));
        });
    }
    auto choice = [&](ClassInfo& k) -> const void* {
        for (ClassInfo* b : k.mro) {
            auto method = b->methods.find(name);
            if (method != b->methods.end() && method->second.kind == MethodKind::kProperty) return &method->second;
            if (std::any_of(b->fields.begin(), b->fields.end(), [&](const ClassField& f) { return f.name == name; })) return &b->fields;
        }
        if (const Method* m = find_method(k, name)) return m;
        if (ClassInfo* owner = attribute_owner(k, name)) return &owner->attributes;
        return nullptr;
    };
    std::vector<ClassInfo*> concrete;
    collect_concrete(c, concrete);
    // What nobody makes has no fields: code for such objects does not run, and by_class() makes nothing of it.
    const bool made = !concrete.empty() || c.committed || c.type->kind == TypeKind::kException;
    concrete.push_back(&c);
    if (made && std::all_of(concrete.begin(), concrete.end(), [&](ClassInfo* k) { return choice(*k) == nullptr; })) {
        if (t->kind == TypeKind::kException) return nullptr;  // what every exception has
        if (const Method* m = find_method(c, "__getattr__"); m != nullptr && m->kind == MethodKind::kInstance)
            return call_values(*m->decl, {object, constant_str(name, e.span)}, e.span);
        std::vector<std::string> names;
        for (ClassInfo* k : c.mro) {
            for (const ClassField& f : k->fields) names.push_back(f.name);
            for (const auto& [method, info] : k->methods) names.push_back(method);
        }
        std::string near = nearest_name(name, names);
        report(DiagCode::kUnknownAttribute, e.name_span, "'" + c.name + "' object has no attribute '" + name + "'", "this is " + c.name,
               near.empty() ? "" : "did you mean `" + near + "`?");
        return never(e.span);
    }
    return by_class(object, e.span, choice, [&](TExpr* o, ClassInfo& k) -> TExpr* {
        const void* key = choice(k);
        if (key == nullptr) {
            BlockScope scope(*this);
            raise_stmt(types_.find_exception("AttributeError"), "'" + k.name + "' object has no attribute '" + name + "'", e.span);
            return scope.finish(never(e.span));
        }
        if (const Method* m = find_method(k, name); m == key) {
            if (m->kind == MethodKind::kProperty) return call_values(*m->decl, {o}, e.span);
            if (m->kind == MethodKind::kStatic) return function_value(*m->decl, &e, e.span, nullptr);
            return bound_value(o, e);
        }
        if (ClassInfo* owner = attribute_owner(k, name); owner != nullptr && key == &owner->attributes) {
            TExpr* value = read_attribute_global(*owner, name, e.span);
            if (const Method* get = descriptor_method(value, "__get__")) return call_values(*get->decl, {value, o, class_value(k.type, e.span)}, e.span);
            return value;
        }
        return read_field(o, k, name, e.span);
    });
}

// `object.method` as a value.
TExpr* Checker::bound_value(TExpr* object, const AttributeExpr& e) {
    // As `lambda a, b: object.method(a, b)`, with the object kept in it.
    const LambdaExpr*& lambda = wrappers_[&e];
    if (lambda == nullptr) {
        size_t count = 1;
        if (is_instance(object->type)) {
            const Method* m = find_method(*prune(object->type)->class_info, e.name);
            if (m != nullptr) {
                count = 0;
                for (size_t i = m->kind == MethodKind::kStatic ? 0 : 1; i < m->decl->params.size(); ++i)
                    if (m->decl->params[i].default_value == nullptr && m->decl->params[i].kind == ParamKind::kNormal) ++count;
            }
        }
        static constexpr std::string_view kNames[] = {"%a", "%b", "%c", "%d", "%e", "%f"};
        count = std::min(count, std::size(kNames));
        TreeBuilder tree(synthetic_, e.span);
        AttributeExpr* method = tree.attribute(TreeBuilder(synthetic_, e.object->span).name("%self"), e.name);
        method->name_span = e.name_span;
        const auto names = std::span(kNames).first(count);
        lambda = tree.lambda(names, call_of(*method, names));
    }
    FunctionDecl* decl = declare(lambda, std::string(e.name), lambda->params, nullptr, {}, lambda->body, false, e.span);
    if (prune(object->type)->kind == TypeKind::kNever) return never(e.span);
    decl->bound = {{"%self", object->type}};
    return function_value(*decl, lambda, e.span, nullptr, {object});
}

// `Class.name`; an entity without kind when the class has no such attribute.
Entity Checker::class_member(ClassInfo& c, const AttributeExpr& e) {
    Entity result;
    const std::string name(e.name);
    result.kind = EntityKind::kValue;
    if (name == "__name__" || name == "__qualname__") {
        result.value = constant_str(name == "__name__" ? c.name : c.qualified, e.span);
        return result;
    }
    if (name == "__doc__" || name == "__module__") {
        result.value = name == "__doc__" ? docstring(c.body, e.span) : constant_str(c.module, e.span);
        return result;
    }
    if (const Method* m = find_method(c, name)) {
        result.kind = EntityKind::kFunction;
        result.function = m->decl;
        return result;
    }
    if (const Type* inner = inner_class(c, name)) {
        result.kind = EntityKind::kType;
        result.type = inner;
        return result;
    }
    if (ClassInfo* owner = attribute_owner(c, name)) {
        result.value = read_attribute_global(*owner, name, e.span);
        if (const Method* get = descriptor_method(result.value, "__get__"))
            result.value = call_values(*get->decl, {result.value, constant_none(e.span), class_value(c.type, e.span)}, e.span);
        return result;
    }
    if (name == "_fields" && find_method(c, "_as_tuple") != nullptr) {
        Args names;
        for (const auto& field : c.data_fields) names.push_back(constant_str(field.name, e.span));
        const std::vector<const Type*> members(names.size(), types_.str);
        result.value = make(TK::kTuple, types_.tuple(members), e.span, names);
        return result;
    }
    if (name == "__members__" && c.is_enum) {
        Args parts;
        TExpr* members = enum_list(c, e.span);
        for (size_t i = 0; i < members->args.size(); ++i) {
            parts.push_back(constant_str(c.enum_members[i], e.span));
            parts.push_back(members->args[i]);
        }
        for (const auto& [alias, member] : c.enum_aliases) {
            parts.push_back(constant_str(alias, e.span));
            parts.push_back(read_attribute_global(c, member, e.span));
        }
        result.value = make(TK::kDict, types_.dict(types_.str, c.type), e.span, parts);
        return result;
    }
    std::vector<std::string> names;
    for (ClassInfo* k : c.mro) {
        for (const std::string& n : k->attributes) names.push_back(n);
        for (const auto& [method, info] : k->methods) names.push_back(method);
    }
    std::string near = nearest_name(name, names);
    report(DiagCode::kUnknownAttribute, e.name_span, "type object '" + c.name + "' has no attribute '" + name + "'", "",
           near.empty() ? "" : "did you mean `" + near + "`?");
    result.value = never(e.span);
    return result;
}

void Checker::store_attribute(const AttributeExpr& target, TExpr* value, const Expr* written) {
    Span span = target.span;
    const std::string name(target.name);
    value = hold(value);
    Entity owner = entity(*target.object);
    if (owner.kind == EntityKind::kType && owner.type->class_info != nullptr) {
        ClassInfo& k = *owner.type->class_info;
        const bool inherited = attribute_owner(k, name) != nullptr;
        if (k.attributes.insert(name).second) {
            if (inherited) k.late.insert(name);
            changed_ = true;
        }
        assign_global(keep_path(k.attribute_global(name)), value, span);
        if (k.late.contains(name)) assign_global(keep_path(k.attribute_global(name) + kAssigned), constant_bool(true, span), span);
        return;
    }
    if (owner.kind != EntityKind::kValue || owner.value == nullptr) {
        report(DiagCode::kBadTarget, span, "this cannot be assigned to");
        return;
    }
    TExpr* object = object_of(owner.value, name);
    const Type* t = prune(object->type);
    if (t->kind == TypeKind::kNever) {
        emit_expr(object);
        return;
    }
    emit_expr(dispatch(object, span, [&](TExpr* one) -> TExpr* {
        const Type* type = prune(one->type);
        if (!is_instance(type)) {
            const bool none = type->kind == TypeKind::kNone;
            report(DiagCode::kUnknownAttribute, target.name_span,
                   "'" + to_string(resolved(type)) + "' object has no attribute '" + name + (none ? "'" : "' that can be assigned"),
                   "this is " + to_string(resolved(type))).of_none = none;
            return constant_none(span);
        }
        BlockScope scope(*this);
        store_field(hold(one), name, value, target, written);
        return scope.finish(constant_none(span));
    }));
    forget_paths(name);
    if (std::string_view path = path_of(target); !path.empty() && prune(value->type)->kind != TypeKind::kNone &&
                                                 prune(value->type)->kind != TypeKind::kNever)
        state_->env.paths[path] = value->type;
}

void Checker::store_field(TExpr* object, const std::string& name, TExpr* value, const AttributeExpr& target, const Expr* written) {
    Span span = target.span;
    ClassInfo& c = *prune(object->type)->class_info;
    if (const Method* m = find_method(c, name); m != nullptr && m->kind == MethodKind::kProperty) {
        emit_expr(by_class(object, span, [&](ClassInfo& k) { return static_cast<const void*>(find_method(k, name)); }, [&](TExpr* o, ClassInfo& k) -> TExpr* {
            const Method* property = find_method(k, name);
            if (property == nullptr || property->setter == nullptr) {
                BlockScope scope(*this);
                raise_stmt(types_.find_exception("AttributeError"), "property '" + name + "' of '" + k.name + "' object has no setter", span);
                return scope.finish(constant_none(span));
            }
            return call_values(*property->setter, {o, value}, span);
        }));
        return;
    }
    if (ClassInfo* owner = find_field(c, name) == nullptr ? attribute_owner(c, name) : nullptr) {
        TExpr* attribute = read_attribute_global(*owner, name, span);
        if (const Method* set = descriptor_method(attribute, "__set__")) {
            emit_expr(call_values(*set->decl, {attribute, object, value}, span));
            return;
        }
        if (descriptor_method(attribute, "__get__") != nullptr) {
            report(DiagCode::kUnsupported, span, "`" + name + "` is a descriptor without __set__: an object cannot have an attribute of that name besides");
            return;
        }
    }
    FunctionDecl* method = state_->instance->decl;
    if (c.is_frozen && method->name != "__init__" && method->name != "__post_init__") {
        BlockScope scope(*this);
        raise_stmt(types_.find_exception("AttributeError"), "cannot assign to field '" + name + "'", span);
        emit_expr(scope.finish(constant_none(span)));
        return;
    }
    ClassField* field = find_field(c, name);
    if (field == nullptr) {
        // Only some of the subclasses have it: each is stored to as what it is.
        std::vector<ClassInfo*> concrete;
        collect_concrete(c, concrete);
        const bool some = std::any_of(concrete.begin(), concrete.end(), [&](ClassInfo* k) { return find_field(*k, name) != nullptr; });
        ClassInfo* home = &c;
        if (method->owner != nullptr && target.object->kind == ExprKind::kName && !method->params.empty() &&
            as<NameExpr>(*target.object).name == method->params[0].name)
            home = method->owner;
        if (some && home == &c && !c.instantiated) {
            emit_expr(by_class(object, span, [&](ClassInfo& k) { return static_cast<const void*>(&k); }, [&](TExpr* o, ClassInfo&) -> TExpr* {
                BlockScope scope(*this);
                store_field(hold(o), name, value, target, written);
                return scope.finish(constant_none(span));
            }));
            return;
        }
        if (home->committed) {
            report(DiagCode::kUnknownAttribute, target.name_span, "'" + home->name + "' was compiled by an earlier cell and has no attribute '" + name + "'", "",
                   "define the class again");
            return;
        }
        // An object that keeps its attributes itself.
        if (const Method* m = find_method(c, "__setattr__"); m != nullptr && method->owner != &c && c.file->name().starts_with('<')) {
            emit_expr(call_values(*m->decl, {object, constant_str(name, span), value}, span));
            return;
        }
        field = &add_field(*home, name, target.name_span);
    }
    if (written != nullptr && field->annotated == nullptr) {
        annotate_field(c, name, *written);
        field = find_field(c, name);
    }
    if (field->annotated != nullptr && !annotation_accepts(field->annotated, value->type) && !flow_into(value->type, field->annotated)) {
        report_limit(DiagCode::kTypeMismatch, value->span,
               "attribute `" + name + "` of " + c.name + " is " + to_string(resolved(field->annotated)) + ", found " + to_string(resolved(value->type)),
               "this is " + to_string(resolved(value->type)));
        return;
    }
    if (prune(value->type)->kind == TypeKind::kNone || types::is_union_with_none(value->type)) field->holds_none = true;
    if (!grow(field->type, value->type)) {
        report_limit(DiagCode::kTypeMismatch, value->span,
               "attribute `" + name + "` of " + c.name + " is " + to_string(resolved(field->type)) + ", found " + to_string(resolved(value->type)),
               "this is " + to_string(resolved(value->type)));
        return;
    }
    if (prune(value->type)->kind == TypeKind::kNever) {
        emit_expr(value);
        return;
    }
    TStmt* store = stmt(SK::kSetField, span);
    store->a = object;
    store->index = field_index(c, name);
    store->b = convert(value, field->type);
    emit(store);
}

}  // namespace kayton::check
