// Types as values: `type(x)`, `int` passed to a function, classes in a list. The type of such a value names the class, so
// that a call through it is compiled as a call of the class; a value of several is a union and dispatches. Attributes
// whose name is a literal (getattr, hasattr, setattr) are here as well.
#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/tree_builder.h"

namespace kayton::check {

using namespace syntax;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

// The class as it is written, without element types.
const Type* Checker::plain_type(const Type* t) {
    t = prune(t);
    const std::string_view flavour = t->kind == TypeKind::kList || t->kind == TypeKind::kDict || t->kind == TypeKind::kSet
                                         ? t->name.substr(0, t->name.find_first_of("#:"))
                                         : std::string_view{};
    switch (t->kind) {
        case TypeKind::kList: return flavour == "tuple" ? types_.tuple({}) : types_.list(types_.never, flavour);
        case TypeKind::kDict: return types_.dict(types_.never, types_.never, flavour);
        case TypeKind::kSet: return types_.set(types_.never, flavour);
        case TypeKind::kTuple: return types_.tuple({});
        default: return t;
    }
}

// The type that a built-in name stands for; null for functions.
const Type* Checker::builtin_type(std::string_view name) {
    if (name == "int") return types_.integer;
    if (name == "float") return types_.floating;
    if (name == "bool") return types_.boolean;
    if (name == "str") return types_.str;
    if (name == "bytes") return types_.bytes;
    if (name == "range") return types_.range;
    if (name == "list") return types_.list(types_.never);
    if (name == "dict") return types_.dict(types_.never, types_.never);
    if (name == "set") return types_.set(types_.never);
    if (name == "frozenset") return types_.set(types_.never, "frozenset");
    if (name == "tuple") return types_.tuple({});
    if (name == "collections.deque") return types_.list(types_.never, "deque");
    if (name == "collections.defaultdict" || name == "collections.Counter" || name == "collections.OrderedDict")
        return types_.dict(types_.never, types_.never, name.substr(12));
    return nullptr;
}

// As `__name__` gives it.
std::string Checker::type_name(const Type* t) {
    t = prune(t);
    if (t->class_info != nullptr) return t->class_info->name;
    if (t->kind == TypeKind::kNone) return "NoneType";
    if (t->kind == TypeKind::kFunction) return "function";
    if (t->kind == TypeKind::kTypeObject) return "type";
    std::string name = to_string(t);
    name = name.substr(0, name.find_first_of("[#:"));
    return name.substr(name.rfind('.') + 1);
}

// "<class 'collections.deque'>": a class as repr() shows it. Null: the value is none, or it shows when the program runs.
TExpr* Checker::class_repr(TExpr* value) {
    const Type* t = prune(value->type);
    if (t->kind == TypeKind::kUnion && std::all_of(t->args.begin(), t->args.end(), [](const Type* m) { return prune(m)->kind == TypeKind::kTypeObject; }))
        return dispatch(value, value->span, [&](TExpr* member) { return class_repr(member); });
    if (t->kind != TypeKind::kTypeObject) return nullptr;
    const Type* of = prune(t->args[0]);
    if (of->kind == TypeKind::kFunctionRef || of->kind == TypeKind::kVar || of->kind == TypeKind::kHandle || (of->kind == TypeKind::kException && of->class_info == nullptr)) return nullptr;
    std::string name = type_name(of);
    if (const types::ClassInfo* c = of->class_info) {
        name = c->qualified;
        if (!c->module.starts_with("_") || c->module == "__main__") name = c->module + "." + name;
        else if (name == "deque") name = "collections." + name;
    } else if ((of->kind == TypeKind::kDict || of->kind == TypeKind::kList) && !of->name.empty() && name != "tuple") {
        name = "collections." + name;
    } else if (of->kind == TypeKind::kTextFile || of->kind == TypeKind::kBinaryFile) {
        name = "_io." + name;
    }
    BlockScope scope(*this);
    emit_expr(value);
    return scope.finish(constant_str("<class '" + name + "'>", value->span));
}

TExpr* Checker::class_value(const Type* type, Span span) { return make(TK::kNone, types_.type_object(plain_type(type)), span); }

// type(value). Of exceptions and Dynamic values the run time knows the class.
TExpr* Checker::type_of(TExpr* value, Span span) {
    const Type* t = prune(value->type);
    if (t->kind == TypeKind::kNever) return value;
    if (t->kind == TypeKind::kDynamic || (t->kind == TypeKind::kException && t->class_info == nullptr)) {
        remember_dynamic(types_.type_object(t));
        return runtime(RT::kt_type_of, types_.dynamic, span, {type_info(t, span), value});
    }
    if (t->kind == TypeKind::kUnion) return dispatch(value, span, [&](TExpr* member) { return type_of(member, span); });
    if (is_instance(t))
        return by_class(value, span, [](types::ClassInfo& k) { return static_cast<const void*>(&k); },
                        [&](TExpr* object, types::ClassInfo& k) -> TExpr* {
                            BlockScope scope(*this);
                            emit_expr(object);
                            return scope.finish(class_value(k.type, span));
                        });
    BlockScope scope(*this);
    emit_expr(value);
    return scope.finish(class_value(t, span));
}

TExpr* Checker::call_type(const Type* type, const CallExpr& e, const Type* expected) {
    type = prune(type);
    if (type->class_info != nullptr && type->class_info->name == "array" && type->class_info->file->name() == "<array>") {
        // Its typecode decides which of the module's classes it is.
        std::string_view chosen = "mixed_array";
        if (!e.args.empty() && e.args[0]->kind == ExprKind::kStr && !as<StrExpr>(*e.args[0]).value.empty()) {
            const std::string_view code = as<StrExpr>(*e.args[0]).value;
            chosen = code == "f" || code == "d" ? "real_array" : code == "u" ? "text_array" : "whole_array";
        }
        const Entity entity = unit_member(*units_.at("array"), chosen, e.span);
        if (entity.kind == EntityKind::kType) type = entity.type;
    }
    if (type->class_info != nullptr && type->class_info->name == "memoryview" && type->class_info->file->name() == "<_memory_view>" && !e.args.empty()) {
        const Type* given = nullptr;
        {
            BlockScope unused(*this);
            given = prune(expression(*e.args[0])->type);
            unused.take();
        }
        const bool real = given->class_info != nullptr && (given->class_info->name == "real_array" || given->class_info->name == "real_view");
        const Entity entity = unit_member(*units_.at("_memory_view"), real ? "real_view" : "whole_view", e.span);
        if (entity.kind == EntityKind::kType) type = entity.type;
    }
    if (type->class_info != nullptr) return construct(*type->class_info, e);
    if (type->kind == TypeKind::kException) return convert_call(type, e, expected);
    if (type->kind == TypeKind::kNone) {
        if (!argument_count(e, "NoneType", 0, 0)) return never(e.span);
        return constant_none(e.span);
    }
    std::string name = to_string(type);
    name = name.substr(0, name.find_first_of("[#:"));
    if (type->kind != TypeKind::kTuple && !type->name.empty() && name != "frozenset") name = "collections." + name;
    return builtin_call(name, e, expected);
}

// issubclass(), between classes known at compile time.
TExpr* Checker::subclass_call(const CallExpr& e) {
    if (!argument_count(e, "issubclass", 2, 2)) return never(e.span);
    const Type* target = class_argument(*e.args[1]);
    TExpr* value = expression(*e.args[0]);
    if (target == nullptr) return never(e.span);
    return dispatch(value, e.span, [&](TExpr* one) -> TExpr* {
        const Type* t = prune(one->type);
        if (t->kind == TypeKind::kNever) return make(TK::kConvert, types_.boolean, e.span, {one});
        if (t->kind != TypeKind::kTypeObject) {
            report(DiagCode::kTypeMismatch, e.args[0]->span, "issubclass() arg 1 must be a class", "this is " + to_string(resolved(t)));
            return never(e.span);
        }
        return constant_bool(resolved(narrow_to(t->args[0], target)) == resolved(t->args[0]), e.span);
    });
}

// What a name made when the program runs begins with: "visit_" of `"visit_" + kind` and of f"visit_{kind}".
static std::string_view known_start(const Expr& e) {
    if (e.kind == ExprKind::kStr) return as<StrExpr>(e).value;
    if (e.kind == ExprKind::kBinary && as<BinaryExpr>(e).op == BinaryOp::kAdd) return known_start(*as<BinaryExpr>(e).left);
    if (e.kind == ExprKind::kFString && !as<FStringExpr>(e).parts.empty() && as<FStringExpr>(e).parts.front().value == nullptr)
        return as<FStringExpr>(e).parts.front().text;
    return {};
}

// An attribute whose name is known when the program runs: a branch for each that the object's classes have. `each` is
// given the attribute, `otherwise` makes what stands for a name that none has.
TExpr* Checker::by_attribute_name(const CallExpr& e, bool fields_only, const std::function<TExpr*(const AttributeExpr&)>& each,
                                  const std::function<TExpr*(TExpr* object, TExpr* name)>& otherwise) {
    BlockScope scope(*this);
    TExpr* object = hold(expression(*e.args[0]));
    TExpr* name = coerce(expression(*e.args[1]), types_.str, e.args[1]->span, "attribute name");
    if (prune(object->type)->kind == TypeKind::kNever || prune(name->type)->kind == TypeKind::kNever) return scope.finish(never(e.span));
    name = hold(name);
    std::set<std::string> names;
    const std::string_view start = known_start(*e.args[1]);
    std::function<void(types::ClassInfo&)> add = [&](types::ClassInfo& c) {
        for (const types::ClassInfo* k : c.mro) {
            for (const types::ClassField& f : k->fields) names.insert(f.name);
            if (!fields_only) names.insert(k->attributes.begin(), k->attributes.end());
            for (const auto& [method, info] : k->methods)
                if (!fields_only || info.setter != nullptr) names.insert(method);
        }
        for (types::ClassInfo* sub : c.subclasses) add(*sub);
    };
    for (const Type* t : possible_types(object->type))
        if (is_instance(t)) add(*prune(t)->class_info);
    std::erase_if(names, [&](const std::string& n) { return !n.starts_with(start) || (start.empty() && n.starts_with("__")); });
    std::optional<OverlayScope> whose(*this);
    const std::string_view held_name = keep_path("%whose");
    whose->bind(held_name, object);
    struct Branch {
        std::string name;
        TExpr* value;
    };
    std::vector<Branch> branches;
    const Type* type = types_.never;
    for (const std::string& n : names) {
        const AttributeExpr*& attribute = dynamic_attributes_[{&e, n}];
        if (attribute == nullptr) {
            TreeBuilder tree(synthetic_, e.span);
            attribute = tree.attribute(tree.name(held_name), keep_path(n));
        }
        const size_t mark = diagnostics_.all().size();
        BlockScope branch(*this);
        // The name says which method takes what: where one does not take these arguments, that is said when it is tried.
        state_->caught.push_back(types_.find_exception("Exception"));
        TExpr* value = each(*attribute);
        state_->caught.pop_back();
        if (is_refused(mark, e.span)) {  // not with these arguments: that raises where it is tried
            const Diagnostic first = diagnostics_.all()[mark];
            diagnostics_.rewind(mark);
            branch.take();
            BlockScope raising(*this);
            value = raising.finish(raise_stmt(types_.find_exception(exception_for(first.code)), as_raised(first.message), e.span));
            branches.push_back({n, value});
            continue;
        }
        branches.push_back({n, branch.finish(value)});
        type = join_types(type, value->type);
    }
    whose.reset();
    BlockScope last(*this);
    TExpr* fallback = otherwise(object, name);
    TExpr* chain = last.finish(fallback);
    type = join_types(type, chain->type);
    chain = convert(chain, type);
    for (size_t i = branches.size(); i-- > 0;)
        chain = if_expr(equal(name, constant_str(keep_path(branches[i].name), e.span), e.span, false), branches[i].value, chain, type);
    return scope.finish(chain);
}

TExpr* Checker::no_such_attribute(TExpr* object, TExpr* name, Span span) {
    BlockScope scope(*this);
    TExpr* shown = runtime(RT::kt_type_name, types_.str, span, {type_info(prune(object->type), span), object});
    TExpr* text = make(TK::kStrJoin, types_.str, span,
                       {constant_str("'", span), shown, constant_str("' object has no attribute '", span), name, constant_str("'", span)});
    return scope.finish(raise_text(types_.find_exception("AttributeError"), text, span));
}

// getattr(object, name)(arguments): a call of the method. Null: the callee is no such call.
TExpr* Checker::named_method_call(const CallExpr& getter, const CallExpr& e) {
    if (getter.callee->kind != ExprKind::kName || as<NameExpr>(*getter.callee).name != "getattr" || !getter.keywords.empty()) return nullptr;
    if (entity(*getter.callee).kind != EntityKind::kBuiltin || getter.args.size() < 2 || getter.args.size() > 3) return nullptr;
    const bool literal = getter.args[1]->kind == ExprKind::kStr;
    if (literal && getter.args.size() == 3) return nullptr;
    auto call_with = [&](const AttributeExpr& attribute) -> TExpr* {
        const CallExpr*& made = applied_[{&attribute, 0}];
        if (made == nullptr) {
            auto* copy = synthetic_.make<CallExpr>(e);
            copy->callee = const_cast<AttributeExpr*>(&attribute);
            made = copy;
        }
        return call(*made, nullptr);
    };
    if (literal) {
        const AttributeExpr*& attribute = named_attributes_[&getter];
        if (attribute == nullptr) attribute = TreeBuilder(synthetic_, getter.span).attribute(getter.args[0], as<StrExpr>(*getter.args[1]).value);
        return call_with(*attribute);
    }
    return by_attribute_name(getter, false, call_with, [&](TExpr* object, TExpr* name) {
        if (getter.args.size() == 2) return no_such_attribute(object, name, e.span);
        const CallExpr*& made = applied_[{&getter, 1}];
        if (made == nullptr) {
            auto* copy = synthetic_.make<CallExpr>(e);
            copy->callee = getter.args[2];
            made = copy;
        }
        return call(*made, nullptr);
    });
}

// getattr() and its like with a name that the program makes.
TExpr* Checker::attribute_of_any_name(const std::string& name, const CallExpr& e) {
    if (name == "hasattr")
        return by_attribute_name(e, false, [&](const AttributeExpr& attribute) { return attribute_or_else(attribute, e, true); },
                                 [&](TExpr*, TExpr*) { return constant_bool(false, e.span); });
    if (name == "getattr")
        return by_attribute_name(e, false, [&](const AttributeExpr& attribute) {
            return e.args.size() == 3 ? attribute_or_else(attribute, e, false) : expression(attribute);
        }, [&](TExpr* object, TExpr* wanted) {
            return e.args.size() == 3 ? expression(*e.args[2]) : no_such_attribute(object, wanted, e.span);
        });
    BlockScope scope(*this);
    TExpr* value = hold(expression(*e.args[2]));
    emit_expr(by_attribute_name(e, true, [&](const AttributeExpr& attribute) {
        BlockScope store(*this);
        store_attribute(attribute, value, nullptr);
        return store.finish(constant_none(e.span));
    }, [&](TExpr* object, TExpr* wanted) { return no_such_attribute(object, wanted, e.span); }));
    return scope.finish(constant_none(e.span));
}

// getattr(object, "name"[, default]), hasattr(object, "name"), setattr(object, "name", value).
TExpr* Checker::attribute_by_name(const std::string& name, const CallExpr& e) {
    const size_t least = name == "setattr" ? 3 : 2;
    if (!argument_count(e, name, least, name == "getattr" ? 3 : least)) return never(e.span);
    const AttributeExpr*& attribute = named_attributes_[&e];
    if (attribute == nullptr) {
        TExpr* written = expression(*e.args[1]);
        if (written->kind != TK::kStr && name == "getattr" && prune(written->type)->kind == TypeKind::kStr) {
            // An object that looks its attributes up itself takes any name.
            TExpr* object = expression(*e.args[0]);
            const Type* t = prune(object->type);
            if (is_instance(t) && find_method(*t->class_info, "__getattr__") != nullptr) {
                if (e.args.size() == 2) return call_method(object, "__getattr__", {written}, e.span);
                Unit* methods = import_unit("_builtin_methods", e.span);
                const Entity found = methods != nullptr ? unit_member(*methods, "_attribute_or", e.span) : Entity{};
                if (found.kind == EntityKind::kFunction) return call_values(*found.function, {object, written, expression(*e.args[2])}, e.span);
            }
        }
        if (written->kind != TK::kStr) return attribute_of_any_name(name, e);
        attribute = TreeBuilder(synthetic_, e.span).attribute(e.args[0], keep_path(std::string(written->text)));
    }
    if (name == "setattr") {
        BlockScope scope(*this);
        store_attribute(*attribute, expression(*e.args[2]), nullptr);
        return scope.finish(constant_none(e.span));
    }
    if (name == "getattr" && e.args.size() == 2) return expression(*attribute);
    return attribute_or_else(*attribute, e, name == "hasattr");
}

// Read under a handler of AttributeError: some objects of the value may not have it.
TExpr* Checker::attribute_or_else(const AttributeExpr& attribute, const CallExpr& e, bool has) {
    const size_t mark = diagnostics_.all().size();
    BlockScope scope(*this);
    TExpr* value = nullptr;
    TStmt* attempt = stmt(SK::kTry, e.span);
    TExpr* fallback = has ? constant_bool(false, e.span) : hold(expression(*e.args[2]));
    uint32_t result = temp(types_.boolean);
    attempt->body = block([&] {
        value = expression(attribute);
        const Type* type = has ? types_.boolean : join_types(value->type, fallback->type);
        state_->function->locals[result].type = type;
        if (has) emit_expr(value);
        assign_local(result, has ? constant_bool(true, e.span) : value);
    });
    const bool refused = is_refused(mark, e.span) &&
                         std::all_of(diagnostics_.all().begin() + static_cast<std::ptrdiff_t>(mark), diagnostics_.all().end(),
                                     [](const Diagnostic& d) { return d.code == DiagCode::kUnknownAttribute; });
    if (refused) {
        diagnostics_.rewind(mark);
        return scope.finish(fallback);
    }
    typed::Handler handler;
    std::vector<const Type*> classes = {types_.find_exception("AttributeError")};
    handler.types = keep(classes);
    handler.span = e.span;
    handler.body = block([&] { assign_local(result, fallback); });
    std::vector<typed::Handler> handlers = {handler};
    attempt->handlers = keep(handlers);
    emit(attempt);
    return scope.finish(read_local(result, e.span));
}

}  // namespace kayton::check
