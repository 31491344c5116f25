// Objects of user classes: construction and calls. A call goes to the method of the object's own class: where subclasses
// differ, the exact class is tested and each branch calls its method directly.
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

bool derives(const ClassInfo* c, const ClassInfo* base) {
    for (; c != nullptr; c = c->base)
        if (c == base) return true;
    return false;
}

ClassInfo* common_base(const std::vector<ClassInfo*>& classes) {
    ClassInfo* base = classes.front();
    for (ClassInfo* c : classes)
        while (!derives(c, base)) base = base->base;
    return base;
}

}  // namespace

void collect_concrete(ClassInfo& c, std::vector<ClassInfo*>& out) {
    if (c.instantiated) out.push_back(&c);
    for (ClassInfo* sub : c.subclasses) collect_concrete(*sub, out);
}

bool Checker::is_instance(const Type* t) {
    t = prune(t);
    return t->class_info != nullptr && (t->kind == TypeKind::kClass || t->kind == TypeKind::kException);
}

// One branch for each group of the object's possible classes that `choice` tells apart.
TExpr* Checker::by_class(TExpr* object, Span span, const std::function<const void*(ClassInfo&)>& choice,
                         const std::function<TExpr*(TExpr*, ClassInfo&)>& each) {
    ClassInfo& c = *prune(object->type)->class_info;
    std::vector<ClassInfo*> concrete;
    collect_concrete(c, concrete);
    if (concrete.empty()) {
        if (!c.committed && c.type->kind != TypeKind::kException) {
            BlockScope scope(*this);
            emit_expr(object);
            return scope.finish(never(span));
        }
        concrete.push_back(&c);
    }
    std::vector<std::pair<const void*, std::vector<ClassInfo*>>> groups;
    for (ClassInfo* k : concrete) {
        const void* key = choice(*k);
        auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == key; });
        // What super() means depends on the exact class where there are several bases.
        if (group == groups.end() || k->is_mixed || group->second.front()->is_mixed) {
            groups.push_back({key, {k}});
        } else {
            group->second.push_back(k);
        }
    }
    if (groups.size() == 1) {
        ClassInfo* target = common_base(concrete);
        if (choice(*target) != groups[0].first) target = concrete.front();
        return each(narrow(object, target->type), *target);
    }
    std::stable_sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    BlockScope scope(*this);
    TExpr* held = hold(object);
    std::vector<TExpr*> results;
    const Type* type = types_.never;
    for (const auto& [key, classes] : groups) {
        BlockScope branch(*this);
        ClassInfo* target = common_base(classes);
        if (choice(*target) != key) target = classes.front();
        TExpr* result = each(narrow(read_local(held->index, span), target->type), *target);
        results.push_back(branch.finish(result));
        type = join_types(type, result->type);
    }
    TExpr* chain = convert(results.back(), type);
    for (size_t i = groups.size() - 1; i-- > 0;) {
        TExpr* test = nullptr;
        for (ClassInfo* k : groups[i].second) {
            TExpr* one = type_test(read_local(held->index, span), k->type, span);
            one->int_value = 1;
            test = test == nullptr ? one : make(TK::kOr, types_.boolean, span, {test, one});
        }
        chain = if_expr(test, results[i], chain, type);
    }
    return scope.finish(chain);
}

// --- construction

TExpr* Checker::construct(ClassInfo& c, const CallExpr& e) {
    Span span = e.span;
    if (c.is_enum) {
        if (e.args.size() != 1) {
            report(DiagCode::kBadArguments, span, c.name + "() takes the value of a member");
            return never(span);
        }
        BlockScope scope(*this);
        TExpr* wanted = hold(expression(*e.args[0]));
        if (c.is_flag && !c.enum_members.empty())
            if (const Method* with = find_method(c, "_with"))
                return scope.finish(call_values(*with->decl, {read_attribute_global(c, c.enum_members.front(), span), coerce(wanted, types_.integer, span, "value of a flag", true)}, span));
        TExpr* found = enum_list(c, span);
        typed::Iter* iter = iterate_value(found, span);
        uint32_t result = temp(types_.optional(c.type));
        assign_local(result, constant_none(span));
        loop_over(iter, span, [&](TExpr* member) {
            emit_if(equal(read_field(member, c, "value", span), wanted, span, false), span, [&] { assign_local(result, member); });
        });
        TExpr* absent = type_test(read_local(result, span), types_.none, span);
        emit_if(absent, span, [&] {
            TExpr* text = make(TK::kStrJoin, types_.str, span, {to_repr(wanted), constant_str(" is not a valid " + c.name, span)});
            raise_text(types_.find_exception("ValueError"), text, span);
        });
        return scope.finish(narrow(read_local(result, span), c.type));
    }
    std::vector<std::string> missing;
    std::set<std::string> seen;
    for (const ClassInfo* k : c.mro)
        for (const auto& [name, method] : k->methods)
            if (seen.insert(name).second && method.is_abstract) missing.push_back(name);
    if (!missing.empty()) {
        std::sort(missing.begin(), missing.end());
        std::string names;
        for (size_t i = 0; i < missing.size(); ++i) names += (i == 0 ? "" : ", ") + missing[i];
        BlockScope scope(*this);
        raise_stmt(types_.find_exception("TypeError"),
                   "Can't instantiate abstract class " + c.name + " with abstract method" + (missing.size() == 1 ? " " : "s ") + names, span);
        return scope.finish(never(span));
    }
    if (const Method* maker = find_method(c, "__new__")) return construct_with(*maker, c, e);
    BlockScope scope(*this);
    TExpr* object = new_object(c, span);
    if (const Method* init = find_method(c, "__init__")) {
        if (c.type->kind == TypeKind::kException) {
            // BaseException.__new__ keeps the arguments, whatever __init__ does with them.
            OverlayScope held(*this);
            const CallExpr& again = with_held_arguments(e, held);
            init_exception(object, again);
            emit_expr(call_decl(*init->decl, again, object));
        } else {
            emit_expr(call_decl(*init->decl, e, object));
        }
    } else if (c.type->kind == TypeKind::kException) {
        init_exception(object, e);
    } else if (!e.args.empty() || !e.keywords.empty()) {
        report(DiagCode::kBadArguments, span, c.name + "() takes no arguments", "it has no __init__");
        return never(span);
    }
    return scope.finish(object);
}

// A class with __new__: what that returns is initialised where it is an object of the class.
TExpr* Checker::construct_with(const Method& maker, ClassInfo& c, const CallExpr& e) {
    BlockScope scope(*this);
    OverlayScope held(*this);
    const CallExpr& again = with_held_arguments(e, held);
    TExpr* made = hold(call_decl(*maker.decl, again, class_value(c.type, e.span)));
    if (const Method* init = find_method(c, "__init__")) {
        auto initialise = [&] { emit_expr(call_decl(*init->decl, again, narrow(made, c.type))); };
        const Type* t = prune(made->type);
        if (types::is_subclass(t, c.type)) initialise();
        else if (is_several(t) && accepts(t, c.type)) emit_if(type_test(made, c.type, e.span), e.span, initialise);
    }
    return scope.finish(made);
}

// An object of the class before its __init__: fields that are class attributes too have their values. The statements
// stand in the current block.
TExpr* Checker::new_object(ClassInfo& c, Span span) {
    if (!c.instantiated) {
        c.instantiated = true;
        changed_ = true;
    }
    TExpr* object = make(TK::kNew, c.type, span);
    object->type_arg = c.type;
    object = hold(object);
    for (ClassInfo* k = &c; k != nullptr; k = k->base) {
        for (const ClassField& field : k->fields) {
            ClassInfo* owner = attribute_owner(c, field.name);
            if (owner == nullptr) continue;
            TExpr* value = read_attribute_global(*owner, field.name, span);
            if (prune(value->type)->kind == TypeKind::kNever) continue;
            TStmt* store = stmt(SK::kSetField, span);
            store->a = object;
            store->index = field_index(c, field.name);
            store->b = convert(value, field.type);
            emit(store);
        }
    }
    if (find_method(c, "_start") != nullptr && container_kind(c)) emit_expr(call_method(object, "_start", {}, span));
    return object;
}

// object.__new__(cls), super().__new__(cls)
TExpr* Checker::bare_object(const CallExpr& e) {
    TExpr* cls = e.args.empty() ? never(e.span) : expression(*e.args[0]);
    const Type* t = prune(cls->type);
    if (t->kind == TypeKind::kNever) return cls;
    if (t->kind != TypeKind::kTypeObject || !is_instance(t->args[0])) {
        report(DiagCode::kTypeMismatch, e.span, "__new__() takes a class of this program", "this is " + to_string(resolved(t)));
        return never(e.span);
    }
    BlockScope scope(*this);
    emit_expr(cls);
    return scope.finish(new_object(*prune(t->args[0])->class_info, e.span));
}

// str.__new__(cls, value): an object of a class that has this type as a base.
TExpr* Checker::plain_object(std::string_view type, const CallExpr& e) {
    if (!e.args.empty()) {
        const Entity named = entity(*e.args[0]);
        const Type* t = named.kind == EntityKind::kType ? named.type : named.value != nullptr ? prune(named.value->type) : types_.never;
        if (t->kind == TypeKind::kTypeObject) t = prune(t->args[0]);
        for (const ClassInfo* k : is_instance(t) ? t->class_info->mro : std::vector<ClassInfo*>())
            if (is_plain_base(*k) && k->name == std::string(type) + "_base") return call_decl(*k->methods.find("__new__")->second.decl, e);
    }
    report(DiagCode::kTypeMismatch, e.span, std::string(type) + ".__new__() takes a class that has " + std::string(type) + " as a base");
    return never(e.span);
}

// The call with each argument evaluated once, into a name of the overlay that the caller has opened.
const CallExpr& Checker::with_held_arguments(const CallExpr& e, OverlayScope& held) {
    const CallExpr*& made = applied_[{&e, SIZE_MAX}];
    auto name_of = [&](size_t i) { return keep_path("%held" + std::to_string(i)); };
    size_t count = 0;
    auto hold_as_name = [&](const Expr& written) {
        const std::string_view name = name_of(count++);
        held.bind(name, hold(expression(written.kind == ExprKind::kStarred ? *as<StarredExpr>(written).value : written)));
    };
    for (const Expr* arg : e.args) hold_as_name(*arg);
    for (const KeywordArg& k : e.keywords) hold_as_name(*k.value);
    if (made != nullptr) return *made;
    count = 0;
    auto named = [&](const Expr& written) -> Expr* {
        TreeBuilder tree(synthetic_, written.span);
        Expr* name = tree.name(name_of(count++));
        return written.kind == ExprKind::kStarred ? tree.starred(name) : name;
    };
    std::vector<Expr*> args;
    for (const Expr* arg : e.args) args.push_back(named(*arg));
    std::vector<KeywordArg> keywords(e.keywords.begin(), e.keywords.end());
    for (KeywordArg& k : keywords) k.value = named(*k.value);
    made = TreeBuilder(synthetic_, e.span).call(*e.callee, args, keywords);
    return *made;
}

// BaseException.__init__: the arguments are what str() shows.
void Checker::init_exception(TExpr* object, const CallExpr& e) {
    Args items;
    for (const Expr* arg : e.args) items.push_back(convert(expression(*arg), types_.dynamic));
    TExpr* list = make(TK::kList, types_.list(types_.dynamic), e.span, items);
    emit_expr(runtime(RT::kt_exception_init, types_.none, e.span, {object, list}));
}

// --- calls

// Binds values by position and defaults. Null is never returned.
TExpr* Checker::call_values(FunctionDecl& decl, Args values, Span span) {
    const size_t count = decl.params.size();
    for (size_t i = 0; i < count; ++i) {
        if (decl.params[i].kind != ParamKind::kVarArgs || values.size() < i) continue;
        const Args rest(values.begin() + static_cast<std::ptrdiff_t>(i), values.end());
        std::vector<const Type*> members;
        for (TExpr* v : rest) members.push_back(v->type);
        values.resize(i);
        values.push_back(make(TK::kTuple, types_.tuple(members), span, rest));
        if (i + 1 < count && decl.params[i + 1].kind == ParamKind::kVarKeywords)
            values.push_back(make(TK::kDict, types_.dict(types_.str, variable_at(&decl, 50)), span, Args{}));
        break;
    }
    if (values.size() > count) {
        report(DiagCode::kBadArguments, span,
               (decl.qualified.empty() ? decl.name : decl.qualified) + "() takes " + std::to_string(count) + " positional arguments but " +
                   std::to_string(values.size()) + " were given");
        return never(span);
    }
    BlockScope scope(*this);
    for (size_t i = 0; i < values.size(); ++i) values[i] = fit_argument(decl, i, values[i]);
    for (size_t i = values.size(); i < count; ++i) {
        if (decl.params[i].default_value == nullptr) {
            report(DiagCode::kBadArguments, span, (decl.qualified.empty() ? decl.name : decl.qualified) + "() missing a required argument: '" +
                                                      std::string(decl.params[i].name) + "'");
            return never(span);
        }
        values.push_back(fit_argument(decl, i, default_value(decl, i, span)));
    }
    return scope.finish(call_instance(decl, values, span));
}

// A special method by its name, on the object's own class. Null when no class of the object has it.
TExpr* Checker::call_method(TExpr* object, std::string_view name, const Args& args, Span span) {
    const Type* t = prune(object->type);
    if (!is_instance(t)) return nullptr;
    std::vector<ClassInfo*> concrete;
    collect_concrete(*t->class_info, concrete);
    concrete.push_back(t->class_info);
    if (std::all_of(concrete.begin(), concrete.end(), [&](ClassInfo* k) { return find_method(*k, name) == nullptr; })) return nullptr;
    BlockScope scope(*this);
    object = hold(object);
    Args held;
    for (TExpr* a : args) held.push_back(hold(a));
    return scope.finish(by_class(object, span, [&](ClassInfo& k) { return static_cast<const void*>(find_method(k, name)); }, [&](TExpr* o, ClassInfo& k) -> TExpr* {
        const Method* m = find_method(k, name);
        if (m == nullptr) {
            BlockScope inner(*this);
            raise_stmt(types_.find_exception("TypeError"), "'" + k.name + "' object does not support " + std::string(name), span);
            return inner.finish(never(span));
        }
        Args values = {o};
        values.insert(values.end(), held.begin(), held.end());
        return call_values(*m->decl, values, span);
    }));
}

TExpr* Checker::class_method_call(TExpr* object, const AttributeExpr& callee, const CallExpr& e) {
    const std::string name(callee.name);
    const Type* t = prune(object->type);
    ClassInfo& c = *t->class_info;
    std::vector<ClassInfo*> concrete;
    collect_concrete(c, concrete);
    concrete.push_back(&c);
    auto choice = [&](ClassInfo& k) { return static_cast<const void*>(find_method(k, name)); };
    if (std::all_of(concrete.begin(), concrete.end(), [&](ClassInfo* k) { return choice(*k) == nullptr; })) {
        TExpr* value = class_attribute(object, callee);
        if (value == nullptr) return nullptr;
        if (is_instance(value->type)) return call_object(value, e);
        // A function that a class attribute holds is a method: it is given the object too.
        const Type* function = prune(value->type);
        if (function->kind == TypeKind::kFunction && function->args.size() == e.args.size() + 2 && find_field(c, name) == nullptr && attribute_owner(c, name) != nullptr) {
            const CallExpr*& with_object = applied_[{&e, SIZE_MAX - 1}];
            if (with_object == nullptr) {
                TreeBuilder tree(synthetic_, e.span);
                std::vector<Expr*> args = {tree.name("%self")};
                args.insert(args.end(), e.args.begin(), e.args.end());
                with_object = tree.call(*e.callee, args, {e.keywords.begin(), e.keywords.end()});
            }
            BlockScope scope(*this);
            OverlayScope names(*this);
            names.bind("%self", hold(object));
            return scope.finish(call_closure(value, *with_object));
        }
        return call_closure(value, e);
    }
    BlockScope scope(*this);
    object = hold(object);
    TExpr* result = by_class(object, e.span, choice, [&](TExpr* o, ClassInfo& k) -> TExpr* {
        const Method* m = find_method(k, name);
        if (m == nullptr) {
            BlockScope inner(*this);
            raise_stmt(types_.find_exception("AttributeError"), "'" + k.name + "' object has no attribute '" + name + "'", e.span);
            return inner.finish(never(e.span));
        }
        return call_class_method(*m, o, k, e);
    });
    // What the method changed in its object is not known here any more.
    forget_paths_of(*callee.object);
    return scope.finish(result);
}

TExpr* Checker::call_class_method(const Method& m, TExpr* object, ClassInfo& k, const CallExpr& e) {
    switch (m.kind) {
        case MethodKind::kStatic: return call_decl(*m.decl, e);
        case MethodKind::kClass: return call_decl(*m.decl, e, class_value(k.type, e.span));
        case MethodKind::kProperty: {
            TExpr* value = call_values(*m.decl, {object}, e.span);
            return is_instance(value->type) ? call_object(value, e) : call_closure(value, e);
        }
        case MethodKind::kInstance: break;
    }
    return call_decl(*m.decl, e, object);
}

// `object(...)`.
TExpr* Checker::call_object(TExpr* object, const CallExpr& e) {
    AttributeExpr callee{};
    callee.kind = ExprKind::kAttribute;
    callee.span = e.callee->span;
    callee.object = e.callee;
    callee.name = "__call__";
    callee.name_span = e.callee->span;
    if (find_method(*prune(object->type)->class_info, "__call__") == nullptr) {
        report(DiagCode::kNotCallable, e.callee->span, "'" + to_string(resolved(object->type)) + "' object is not callable", "this is " + to_string(resolved(object->type)));
        return never(e.span);
    }
    return class_method_call(object, callee, e);
}

// `Class.method(...)`.
TExpr* Checker::call_on_class(const Type* type, const AttributeExpr& callee, const CallExpr& e) {
    ClassInfo* c = type->class_info;
    if (c != nullptr) {
        if (const Method* m = find_method(*c, callee.name)) {
            if (m->kind == MethodKind::kClass) return call_decl(*m->decl, e, class_value(type, e.span));
            return call_decl(*m->decl, e);
        }
    }
    if (type->kind == TypeKind::kException && callee.name == "__init__" && !e.args.empty()) {
        CallExpr rest = e;
        rest.args = e.args.subspan(1);
        BlockScope scope(*this);
        init_exception(expression(*e.args[0]), rest);
        return scope.finish(constant_none(e.span));
    }
    if (c == nullptr) return nullptr;
    if (callee.name == "__new__") return bare_object(e);
    if (callee.name == "__init__" || callee.name == "__init_subclass__") return constant_none(e.span);
    Entity member = class_member(*c, callee);
    if (member.kind == EntityKind::kType) return call_type(member.type, e, nullptr);
    if (member.value == nullptr || prune(member.value->type)->kind == TypeKind::kNever) return never(e.span);
    return is_instance(member.value->type) ? call_object(member.value, e) : call_closure(member.value, e);
}

// The class after which `super()` or `super(Class, self)` looks. Null: it is no such call.
ClassInfo* Checker::super_owner(const Expr& e) {
    ClassInfo* owner = state_->instance->decl->owner;
    if (owner == nullptr) return nullptr;
    if (e.kind == ExprKind::kName) {
        const VarState* var = find_var(as<NameExpr>(e).name);
        return var != nullptr && var->entity && var->entity->kind == EntityKind::kSuper ? var->entity->type->class_info : nullptr;
    }
    if (e.kind != ExprKind::kCall) return nullptr;
    const auto& call = as<CallExpr>(e);
    if (call.callee->kind != ExprKind::kName || as<NameExpr>(*call.callee).name != "super") return nullptr;
    if (call.args.size() == 2)
        if (Entity named = entity(*call.args[0]); named.kind == EntityKind::kType && named.type->class_info != nullptr) return named.type->class_info;
    return owner;
}

// The method after the class `owner`, in the order of the object's own class.
const Method* Checker::super_method(ClassInfo& owner, std::string_view name, TExpr* self) {
    const Type* of = prune(self->type);
    if (of->kind == TypeKind::kTypeObject) of = prune(of->args[0]);
    const std::vector<ClassInfo*>& own = is_instance(of) ? of->class_info->mro : owner.mro;
    const bool within = std::find(own.begin(), own.end(), &owner) != own.end();
    const std::vector<ClassInfo*>& order = within ? own : owner.mro;
    for (auto next = std::find(order.begin(), order.end(), &owner) + 1; next != order.end(); ++next)
        if (const auto found = (*next)->methods.find(name); found != (*next)->methods.end()) return &found->second;
    return nullptr;
}

// `super().method(...)`: the base's, on the same object.
TExpr* Checker::super_call(const AttributeExpr& callee, const CallExpr& e) {
    FunctionDecl& decl = *state_->instance->decl;
    ClassInfo* owner = super_owner(*callee.object);
    if (decl.params.empty()) {
        report(DiagCode::kUnsupported, callee.span, "super() needs the method's first parameter");
        return never(e.span);
    }
    TExpr* self = expression_of_name(decl.params[0].name, callee.span);
    if (const Method* m = super_method(*owner, callee.name, self)) return m->kind == MethodKind::kStatic ? call_decl(*m->decl, e) : call_decl(*m->decl, e, self);
    const Type* base = owner->type;
    while (base != nullptr && base->class_info != nullptr) base = base->base;
    if (base != nullptr && base->kind == TypeKind::kException) {
        BlockScope scope(*this);
        if (callee.name == "__init__") {
            init_exception(self, e);
            return scope.finish(constant_none(e.span));
        }
        if (callee.name == "__str__" || callee.name == "__repr__") return scope.finish(runtime(RT::kt_exception_str, types_.str, e.span, {self}));
    }
    if (callee.name == "__new__") return bare_object(e);
    if (TExpr* plain = plain_value(self); plain != self && callee.name != "__init__") return method_call(plain, callee, e, nullptr);
    if (callee.name == "__init__" || callee.name == "__post_init__" || callee.name == "__init_subclass__") {
        BlockScope scope(*this);
        for (const Expr* arg : e.args) emit_expr(expression(*arg));
        return scope.finish(constant_none(e.span));
    }
    if (callee.name == "__eq__" && e.args.size() == 1) return op(typed::Op::kSame, types_.boolean, e.span, {self, expression(*e.args[0])});
    report(DiagCode::kUnknownAttribute, callee.name_span, "'super' object has no attribute '" + std::string(callee.name) + "'",
           "no base of " + owner->name + " has it");
    return never(e.span);
}

TExpr* Checker::expression_of_name(std::string_view name, Span span) {
    Entity entity = lookup(name, span);
    if (entity.kind == EntityKind::kType) return class_value(entity.type, span);
    return entity.value != nullptr ? entity.value : never(span);
}

}  // namespace kayton::check
