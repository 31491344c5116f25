// What stands in the body of a class: methods, attributes, fields, classes.
#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::ClassField;
using types::ClassInfo;
using types::Method;
using types::MethodKind;
using types::prune;

// The name stands for the class: in the scope at hand, or in the class whose body it stands in.
void Checker::bind_class(const ClassStmt& s, const Entity& entity, ClassInfo* outer) {
    if (outer == nullptr) {
        bind_entity(s.name, entity, s.name_span);
        return;
    }
    if (noting_) note(s.name_span, entity);
    const std::string name(s.name);
    outer->methods.erase(name);
    outer->attributes.erase(name);
    if (entity.kind == EntityKind::kType && outer->inner.insert_or_assign(name, entity.type).second) changed_ = true;
    VarState var;
    var.bound = Bound::kYes;
    var.entity = std::make_shared<Entity>(entity);
    state_->overlays.back()[s.name] = std::move(var);
}

const Type* Checker::inner_class(const ClassInfo& c, std::string_view name) {
    for (const ClassInfo* k : c.mro)
        if (auto found = k->inner.find(name); found != k->inner.end()) return found->second;
    return nullptr;
}

void Checker::add_method(ClassInfo& c, const FunctionStmt& f) {
    Method method;
    method.owner = &c;
    bool setter = false, kept = false;
    std::vector<const Expr*> applied;
    for (const Expr* d : f.decorators) {
        std::string_view name = last_name(*d);
        if (name == "staticmethod") method.kind = MethodKind::kStatic;
        else if (name == "classmethod") method.kind = MethodKind::kClass;
        else if (name == "property") method.kind = MethodKind::kProperty;
        else if (name == "cached_property") kept = true;
        else if (name == "abstractmethod") method.is_abstract = true;
        else if (name == "setter") setter = true;
        else if (name == "override" || name == "final") continue;
        else if (name == "overload") return;
        else if (name != "wraps" && name != "no_type_check") applied.push_back(d);
    }
    if (f.is_async) {
        function_statement(f);  // says what is missing
        return;
    }
    if (f.name == "__new__") method.kind = MethodKind::kStatic;
    const std::vector<Entity> with = decorators(applied);
    const auto before = c.methods.find(f.name);
    method.decl = declare(&f, std::string(f.name), f.params, f.returns, f.body, nullptr, f.is_fn, f.name_span);
    method.decl->owner = &c;
    method.decl->is_generator = f.is_generator;
    method.decl->qualified = c.name + "." + std::string(f.name);
    for (size_t i = applied.size(); i-- > 0;) {
        Entity entity;
        entity.kind = EntityKind::kFunction;
        entity.function = method.decl;
        entity = decorate(entity, with[i], *applied[i]);
        if (entity.kind == EntityKind::kFunction) method.decl = entity.function;
        else if (entity.value == nullptr || prune(entity.value->type)->kind != TypeKind::kNever)
            report(DiagCode::kUnsupported, applied[i]->span, "this decorator of a method cannot be compiled", "decorator", "it must return a function");
    }
    if (setter && before != c.methods.end()) {
        before->second.setter = method.decl;
        return;
    }
    c.attributes.erase(std::string(f.name));
    if (!kept) {
        c.methods[std::string(f.name)] = method;
        return;
    }
    // @cached_property: the value is computed at the first use, and kept in a field.
    const std::string name(f.name);
    c.methods["_compute_" + name] = method;
    const Module& module = parsed(&f.params, [&] {
        return "@property\ndef " + name + "(self):\n    if not hasattr(self, '_cached_" + name + "'):\n        self._cached_" + name + " = self._compute_" + name + "()\n" +
               "    return self._cached_" + name + "\n@" + name + ".setter\ndef " + name + "(self, value):\n    self._cached_" + name + " = value\n";
    });
    for (const Stmt* inner : module.body) add_method(c, as<FunctionStmt>(*inner));
    c.methods[name].decl->file = module.file;
    c.methods[name].setter->file = module.file;
}

// `area = property(get_area, set_area)`, `make = staticmethod(f)`: as the decorators would be.
bool Checker::wrapped_method(ClassInfo& c, std::string_view name, const Expr& value) {
    if (value.kind != ExprKind::kCall || as<CallExpr>(value).callee->kind != ExprKind::kName) return false;
    const auto& call = as<CallExpr>(value);
    const std::string_view wrapper = as<NameExpr>(*call.callee).name;
    if (wrapper != "property" && wrapper != "staticmethod" && wrapper != "classmethod") return false;
    auto function_of = [&](const Expr* e) -> FunctionDecl* {
        if (e == nullptr) return nullptr;
        if (e->kind == ExprKind::kLambda) {
            const auto& lambda = as<LambdaExpr>(*e);
            FunctionDecl* decl = declare(e, "<lambda>", lambda.params, nullptr, {}, lambda.body, false, e->span);
            decl->owner = &c;
            return decl;
        }
        if (e->kind != ExprKind::kName) return nullptr;
        if (auto own = c.methods.find(as<NameExpr>(*e).name); own != c.methods.end()) return own->second.decl;
        const Entity named = entity(*e);
        return named.kind == EntityKind::kFunction ? named.function : nullptr;
    };
    auto argument = [&](size_t place, std::string_view by_name) { return function_of(place < call.args.size() ? call.args[place] : keyword(call, by_name)); };
    Method method;
    method.owner = &c;
    method.kind = wrapper == "property" ? MethodKind::kProperty : wrapper == "staticmethod" ? MethodKind::kStatic : MethodKind::kClass;
    method.decl = argument(0, wrapper == "property" ? "fget" : "function");
    if (method.decl == nullptr) return false;
    if (wrapper == "property") method.setter = argument(1, "fset");
    c.methods[std::string(name)] = method;
    c.attributes.erase(std::string(name));
    return true;
}

void Checker::class_body(ClassInfo& c, const ClassStmt& s) {
    c.enum_members.clear();
    state_->overlays.emplace_back();
    c.enum_aliases.clear();
    EnumValues values;
    auto attribute = [&](std::string_view name, TExpr* value, Span span) {
        value = hold(value);
        c.methods.erase(std::string(name));
        if (c.attributes.insert(std::string(name)).second) changed_ = true;
        assign_global(keep_path(c.attribute_global(name)), value, span);
        state_->overlays.back()[keep_path(std::string(name))] = VarState{};
        set_overlay(name, value);
        if (ClassField* field = find_field(c, name)) grow(field->type, value->type);
    };
    for (const Stmt* inner : s.body) {
        switch (inner->kind) {
            case StmtKind::kFunction: add_method(c, as<FunctionStmt>(*inner)); break;
            case StmtKind::kClass: class_statement(as<ClassStmt>(*inner), &c); break;
            case StmtKind::kAssign: {
                const auto& a = as<AssignStmt>(*inner);
                const bool plain = std::all_of(a.targets.begin(), a.targets.end(), [](const Expr* t) { return t->kind == ExprKind::kName; });
                if (!plain) {
                    report(DiagCode::kUnsupported, inner->span, "a class attribute is assigned by its name", "not a name");
                    break;
                }
                std::string_view name = as<NameExpr>(*a.targets[0]).name;
                if (name == "__match_args__" && a.value->kind == ExprKind::kTuple) {
                    c.match_args.clear();
                    for (const Expr* item : as<SequenceExpr>(*a.value).items)
                        if (item->kind == ExprKind::kStr) c.match_args.push_back(as<StrExpr>(*item).value);
                }
                if (name == "__slots__" || name == "__match_args__" || name == "__hash__") break;
                if (a.value->kind == ExprKind::kName) {
                    auto same = c.methods.find(as<NameExpr>(*a.value).name);
                    if (same != c.methods.end()) {
                        Method alias = same->second;
                        c.methods[std::string(name)] = alias;
                        break;
                    }
                }
                if (c.is_enum && !name.starts_with("_")) {
                    enum_member(c, name, *a.value, values);
                    break;
                }
                if (wrapped_method(c, name, *a.value)) break;
                TExpr* value = hold(expression(*a.value));
                for (const Expr* t : a.targets) attribute(as<NameExpr>(*t).name, value, t->span);
                break;
            }
            case StmtKind::kAnnAssign: {
                const auto& a = as<AnnAssignStmt>(*inner);
                if (a.target->kind != ExprKind::kName) {
                    report(DiagCode::kUnsupported, inner->span, "a class attribute is assigned by its name", "not a name");
                    break;
                }
                std::string_view name = as<NameExpr>(*a.target).name;
                const bool class_only = a.annotation != nullptr && last_name(*a.annotation) == "ClassVar";
                if (!class_only) {
                    if (find_field(c, name) == nullptr) add_field(c, name, a.target->span);
                    if (!c.is_dataclass && a.annotation != nullptr) annotate_field(c, name, *a.annotation);
                }
                if (a.value != nullptr && (!c.is_dataclass || class_only)) {
                    const Type* annotated = a.annotation != nullptr ? annotation(*a.annotation) : nullptr;
                    TExpr* value = expression(*a.value, annotated);
                    if (annotated != nullptr && prune(annotated)->kind != TypeKind::kDynamic && flow_into(value->type, annotated))
                        value = convert(value, annotated);
                    attribute(name, value, a.target->span);
                }
                break;
            }
            case StmtKind::kExpr:
            case StmtKind::kPass:
            case StmtKind::kError: break;
            default: report(DiagCode::kUnsupported, inner->span, "this statement cannot stand in a class body", "here"); break;
        }
    }
    state_->overlays.pop_back();
}

}  // namespace kayton::check
