// Class statements: bases, decorators, fields, and what the runtime calls on instances.
#include <algorithm>
#include <cctype>

#include "compiler/check/checker.h"
#include "compiler/stdlib/stdlib.h"

namespace kayton::check {

using namespace syntax;
using types::ClassField;
using types::ClassInfo;
using types::Method;
using types::MethodKind;
using types::prune;
using types::to_string;

namespace {

// Bases that say something about a class and add nothing to it.
bool is_marker_base(std::string_view name) {
    return name == "object" || name == "ABC" || name == "Protocol" || name == "Generic";
}

// Abstract classes without methods of their own.
bool is_protocol_base(std::string_view name) {
    static constexpr std::string_view kNames[] = {"Hashable", "Sized", "Container", "Callable", "Iterable", "Collection", "Reversible",
                                                  "Number", "Complex", "Real", "Rational", "Integral", "Buffer", "ContextManager", "AbstractContextManager",
                                                  "SupportsInt", "SupportsFloat", "SupportsAbs", "SupportsIndex"};
    return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// Built-in types that may be bases: a class of _bases.kay, NAME_base, stands for each. A class of a plain one is asked for
// that value wherever it does not say otherwise itself.
struct BuiltinBase {
    std::string_view name;
    TypeKind kind;
    bool is_plain;
};
constexpr BuiltinBase kBuiltinBases[] = {{"dict", TypeKind::kDict, false}, {"list", TypeKind::kList, false}, {"set", TypeKind::kSet, false},
                                         {"str", TypeKind::kStr, true},    {"int", TypeKind::kInt, true},    {"float", TypeKind::kFloat, true},
                                         {"tuple", TypeKind::kTuple, true}};

// Of the class that stands for it.
const BuiltinBase* builtin_base(std::string_view class_name) {
    for (const BuiltinBase& base : kBuiltinBases)
        if (class_name.ends_with("_base") && class_name.substr(0, class_name.size() - 5) == base.name) return &base;
    return nullptr;
}

// The class in _bases.kay or _abstract.kay that stands for a built-in base; empty for none.
std::string written_base(std::string_view name) {
    if (name.ends_with("_base")) return std::string(name);
    if (name == "Dict" || name == "OrderedDict" || name == "UserDict") return "dict_base";
    if (name == "List" || name == "UserList") return "list_base";
    for (const BuiltinBase& base : kBuiltinBases)
        if (name == base.name) return std::string(name) + "_base";
    if (name == "AbstractSet") return "Set_base";
    static constexpr std::string_view kAbstract[] = {"Mapping", "MutableMapping", "Sequence", "MutableSequence", "Set", "MutableSet", "Iterator", "Generator"};
    return std::find(std::begin(kAbstract), std::end(kAbstract), name) != std::end(kAbstract) ? std::string(name) + "_base" : std::string();
}


// C3, as CPython orders them. False: the bases contradict one another; the order is the chain of layouts then.
bool resolve_order(ClassInfo& c, const std::vector<ClassInfo*>& parents) {
    std::vector<std::vector<ClassInfo*>> lists;
    for (ClassInfo* p : parents) lists.push_back(p->mro);
    lists.push_back(parents);
    c.mro = {&c};
    bool consistent = true;
    while (consistent && std::any_of(lists.begin(), lists.end(), [](const auto& l) { return !l.empty(); })) {
        ClassInfo* next = nullptr;
        for (const auto& list : lists) {
            if (list.empty() || next != nullptr) continue;
            const bool later = std::any_of(lists.begin(), lists.end(),
                                           [&](const auto& l) { return l.size() > 1 && std::find(l.begin() + 1, l.end(), list.front()) != l.end(); });
            if (!later) next = list.front();
        }
        consistent = next != nullptr;
        if (!consistent) break;
        c.mro.push_back(next);
        for (auto& list : lists)
            if (!list.empty() && list.front() == next) list.erase(list.begin());
    }
    if (!consistent) {
        c.mro.clear();
        for (ClassInfo* k = &c; k != nullptr; k = k->base) c.mro.push_back(k);
    }
    for (ClassInfo* k : c.mro) {
        if (types::is_subclass(c.type, k->type)) continue;
        c.is_mixed = true;
        k->mixed_into.push_back(&c);
    }
    return consistent;
}

}  // namespace

std::string_view last_name(const Expr& e) {
    if (e.kind == ExprKind::kName) return as<NameExpr>(e).name;
    if (e.kind == ExprKind::kAttribute) return as<AttributeExpr>(e).name;
    if (e.kind == ExprKind::kSubscript) return last_name(*as<SubscriptExpr>(e).object);
    if (e.kind == ExprKind::kCall) return last_name(*as<CallExpr>(e).callee);
    return {};
}

const Method* Checker::find_method(const ClassInfo& c, std::string_view name) {
    for (const ClassInfo* k : c.mro) {
        auto found = k->methods.find(name);
        if (found != k->methods.end()) return &found->second;
        if (k->attributes.contains(name)) return nullptr;
    }
    return nullptr;
}

ClassField* Checker::find_field(ClassInfo& c, std::string_view name) {
    for (ClassInfo* k = &c; k != nullptr; k = k->base)
        for (ClassField& field : k->fields)
            if (field.name == name) return &field;
    return nullptr;
}

ClassInfo* Checker::attribute_owner(ClassInfo& c, std::string_view name) {
    for (ClassInfo* k : c.mro)
        if (k->attributes.contains(name)) return k;
    return nullptr;
}

// Position among all fields of an object, inherited first.
uint32_t Checker::field_index(const ClassInfo& c, std::string_view name) {
    uint32_t before = 0;
    for (const ClassInfo* k = &c; k != nullptr; k = k->base) {
        auto found = std::find_if(k->fields.begin(), k->fields.end(), [&](const ClassField& f) { return f.name == name; });
        if (found == k->fields.end()) continue;
        for (const ClassInfo* b = k->base; b != nullptr; b = b->base) before += static_cast<uint32_t>(b->fields.size());
        return before + static_cast<uint32_t>(found - k->fields.begin());
    }
    return 0;
}

// A field that a base takes over is no longer its subclasses' own.
ClassField& Checker::add_field(ClassInfo& c, std::string_view name, Span span) {
    const Type* type = types_.variable();
    std::function<void(ClassInfo&)> hoist = [&](ClassInfo& k) {
        for (ClassInfo* sub : k.subclasses) {
            auto found = std::find_if(sub->fields.begin(), sub->fields.end(), [&](const ClassField& f) { return f.name == name; });
            if (found != sub->fields.end()) {
                grow(type, found->type);
                sub->fields.erase(found);
            }
            hoist(*sub);
        }
    };
    hoist(c);
    ClassField field;
    field.name = std::string(name);
    field.type = type;
    field.span = span;
    c.fields.push_back(std::move(field));
    changed_ = true;
    if (ClassInfo* owner = attribute_owner(c, name)) {
        auto global = globals_.find(owner->attribute_global(name));
        if (global != globals_.end() && global->second.declared != nullptr) grow(type, global->second.declared);
    }
    return c.fields.back();
}

void Checker::class_statement(const ClassStmt& s, ClassInfo* outer) {
    Instance* parent = state_->instance->decl->is_module ? nullptr : state_->instance;
    auto& slot = parent != nullptr ? parent->nested_classes[&s] : classes_[&s];
    ClassInfo* base = nullptr;
    const Type* base_type = nullptr;
    std::vector<ClassInfo*> parents;
    std::vector<const Type*> builtin_bases;  // exceptions
    bool is_enum = false, is_flag = false, is_plain_value = false, shows_value = false, is_tuple = false;
    for (const Expr* e : s.bases) {
        std::string_view name = last_name(*e);
        if (is_marker_base(name)) continue;
        if (name == "Enum" || name == "IntEnum" || name == "StrEnum" || name == "Flag" || name == "IntFlag") {
            is_enum = true;
            is_flag |= name.ends_with("Flag");
            is_plain_value |= name != "Enum" && name != "Flag";
            shows_value |= name != "Enum" && name != "Flag";
            continue;
        }
        const bool beside_enum = std::any_of(s.bases.begin(), s.bases.end(), [](const Expr* b) { return last_name(*b) == "Enum"; });
        if ((name == "str" || name == "int" || name == "float") && beside_enum) {
            is_plain_value = true;
            continue;
        }
        if (name == "NamedTuple") {
            is_tuple = true;
            continue;
        }
        if (e->kind == ExprKind::kName && name.ends_with("_base") && !state_->instance->decl->scope.binds(name))  // a written base's own
            if (ClassInfo* written = container_base(s, name)) {
                parents.push_back(written);
                continue;
            }
        if (e->kind == ExprKind::kCall && name == "namedtuple")
            if (ClassInfo* fields = named_tuple_base(as<CallExpr>(*e))) {
                parents.push_back(fields);
                continue;
            }
        Entity entity = this->entity(e->kind == ExprKind::kSubscript ? *as<SubscriptExpr>(*e).object : *e);
        if (name == "TypedDict" || (entity.kind == EntityKind::kType && entity.type->kind == TypeKind::kDict)) {
            (parent != nullptr ? parent->nested_classes : classes_).erase(&s);
            typed_dict(s, entity.kind == EntityKind::kType ? entity.type : nullptr, outer);
            return;
        }
        if (entity.kind == EntityKind::kBuiltin && is_protocol_base(name)) continue;
        if (entity.kind == EntityKind::kBuiltin)
            if (ClassInfo* container = container_base(s, name)) {
                parents.push_back(container);
                continue;
            }
        const bool is_class = entity.kind == EntityKind::kType || entity.kind == EntityKind::kCrateType;
        if (!is_class || (entity.type->class_info == nullptr && entity.type->kind != TypeKind::kException)) {
            if (entity.kind != EntityKind::kValue || (entity.value != nullptr && prune(entity.value->type)->kind != TypeKind::kNever))
                report(DiagCode::kUnsupported, e->span, "this cannot be a base class", "not a class of this program or an exception");
            continue;
        }
        if (entity.type->class_info != nullptr) {
            parents.push_back(entity.type->class_info);
        } else {
            builtin_bases.push_back(entity.type);
        }
    }
    // The chain of layouts goes through what has a layout of its own: a dict or list, an exception.
    auto has_own_layout = [](const ClassInfo& p) { return p.type->kind == TypeKind::kException || container_kind(p); };
    for (ClassInfo* p : parents)
        if (base == nullptr || (!has_own_layout(*base) && has_own_layout(*p))) base = p;
    if (base != nullptr) base_type = base->type;
    else if (!builtin_bases.empty()) base_type = builtin_bases.front();
    if (slot == nullptr) {
        slot = std::make_unique<ClassInfo>();
        slot->number = next_class_++;
        slot->name = std::string(s.name);
        size_t same = class_names_[slot->name]++;
        std::string unique = same == 0 ? slot->name : "v" + std::to_string(same + 1) + "." + slot->name;
        slot->type = types_.class_type(unique, base_type, slot.get());
        slot->type_object = types_.type_object(slot->type);
        slot->file = state_->instance->decl->file;
        slot->span = s.name_span;
        slot->body = s.body;
        slot->module = state_->instance->decl->unit->name;
        slot->qualified = slot->name;
        if (outer != nullptr) slot->qualified = outer->qualified + "." + slot->name;
        for (const FunctionDecl* d = outer != nullptr ? nullptr : state_->instance->decl; d != nullptr && !d->is_module; d = d->parent)
            slot->qualified = (d->qualified.empty() ? d->name : d->qualified) + ".<locals>." + slot->qualified;
        slot->base = base;
        if (base != nullptr) base->subclasses.push_back(slot.get());
        for (const Type* t : builtin_bases)
            if (!types::is_subclass(slot->type, t)) slot->also.push_back(t);
        if (!slot->also.empty()) mixed_exceptions_.push_back(slot.get());
        if (!resolve_order(*slot, parents)) {
            std::string names;
            for (const ClassInfo* p : parents) names += (names.empty() ? "" : ", ") + p->name;
            report(DiagCode::kTypeMismatch, s.name_span, "Cannot create a consistent method resolution order (MRO) for bases " + names);
        }
    }
    ClassInfo& c = *slot;
    c.declared_in = pass_;
    c.is_protocol = std::any_of(s.bases.begin(), s.bases.end(), [](const Expr* e) { return last_name(*e) == "Protocol"; });
    c.is_enum = is_enum || (base != nullptr && base->is_enum);
    c.is_flag = is_flag || (base != nullptr && base->is_flag);
    c.shows_value_enum = shows_value || (base != nullptr && base->shows_value_enum);
    if (is_plain_value) c.plain_field = "value";
    for (const ClassInfo* p : parents)
        if (c.plain_field.empty()) c.plain_field = p->plain_field;
    declared_classes_.push_back(&c);
    Entity entity;
    entity.kind = EntityKind::kType;
    entity.type = c.type;
    bind_class(s, entity, outer);
    bool ordered = false, total_ordering = false;
    std::vector<const Expr*> applied;
    if (is_tuple) c.is_dataclass = c.is_frozen = ordered = true;
    for (const Expr* d : s.decorators) {
        std::string_view name = last_name(*d);
        if (name == "dataclass") {
            c.is_dataclass = true;
            if (d->kind == ExprKind::kCall) {
                if (const Expr* order = keyword(as<CallExpr>(*d), "order")) ordered = order->kind == ExprKind::kBool && as<BoolExpr>(*order).value;
                if (const Expr* frozen = keyword(as<CallExpr>(*d), "frozen")) c.is_frozen = frozen->kind == ExprKind::kBool && as<BoolExpr>(*frozen).value;
            }
        } else if (name == "total_ordering") {
            total_ordering = true;
        } else if (name != "final" && name != "runtime_checkable" && name != "unique") {
            applied.push_back(d);
        }
    }
    const std::vector<Entity> with = decorators(applied);
    class_body(c, s);
    for (const Stmt* inner : s.body) {  // what stands in the class learns its name there
        if (inner->kind != StmtKind::kAssign || as<AssignStmt>(*inner).targets[0]->kind != ExprKind::kName || c.is_enum) continue;
        const std::string_view name = as<NameExpr>(*as<AssignStmt>(*inner).targets[0]).name;
        if (!c.attributes.contains(name)) continue;
        TExpr* value = read_attribute_global(c, name, inner->span);
        if (const Method* named = descriptor_method(value, "__set_name__"))
            emit_expr(call_values(*named->decl, {value, class_value(c.type, inner->span), constant_str(name, inner->span)}, inner->span));
    }
    take_mixed_fields(c);
    if (base != nullptr)
        if (const Method* hook = find_method(*base, "__init_subclass__")) {
            CallExpr call{};
            call.kind = ExprKind::kCall;
            call.span = s.name_span;
            call.keywords = s.keywords;
            emit_expr(call_decl(*hook->decl, call, class_value(c.type, s.name_span)));
        }
    if (c.is_dataclass) make_data_class(c, s, ordered, is_tuple);
    if (total_ordering) make_total_ordering(c);
    for (size_t i = applied.size(); i-- > 0;) {
        entity = decorate(entity, with[i], *applied[i]);
        if (entity.kind == EntityKind::kValue && entity.value != nullptr && prune(entity.value->type)->kind == TypeKind::kTypeObject) {
            entity.kind = EntityKind::kType;
            entity.type = prune(entity.value->type)->args[0];
        }
        if (entity.kind == EntityKind::kType || entity.kind == EntityKind::kFunction) {
            bind_class(s, entity, outer);
        } else if (entity.value == nullptr || prune(entity.value->type)->kind != TypeKind::kNever) {
            report(DiagCode::kUnsupported, applied[i]->span, "this decorator of a class cannot be compiled", "decorator", "it must return a class");
        }
    }
}

// `class Movie(TypedDict)`: a dict with keys of str; its values have the types of the fields.
void Checker::typed_dict(const ClassStmt& s, const Type* base, ClassInfo* outer) {
    const Type* value = base != nullptr ? prune(base)->args[1] : types_.never;
    for (const Stmt* inner : s.body) {
        if (inner->kind != StmtKind::kAnnAssign) continue;
        if (const Type* t = annotation(*as<AnnAssignStmt>(*inner).annotation)) value = types_.unite(value, t);
    }
    Entity entity;
    entity.kind = EntityKind::kType;
    entity.type = types_.dict(types_.str, value);
    bind_class(s, entity, outer);
}

// The base of a class that is a dict or a list itself: a class of its own for each, so that its elements have one type.
// Null: not such a base.
ClassInfo* Checker::container_base(const ClassStmt& s, std::string_view name) {
    const std::string wanted = written_base(name);
    if (wanted.empty()) return nullptr;
    const bool concrete = std::islower(static_cast<unsigned char>(wanted.front())) != 0;
    const Module& module = parsed(concrete ? static_cast<const void*>(&s.name_span) : static_cast<const void*>(&s.name), [&] { return std::string(stdlib_source(concrete ? "_bases" : "_abstract")); });
    for (const Stmt* inner : module.body) {
        if (inner->kind != StmtKind::kClass || as<ClassStmt>(*inner).name != wanted) continue;
        class_statement(as<ClassStmt>(*inner));
        ClassInfo* made = declared_classes_.back();
        made->file = module.file;
        if (const BuiltinBase* of = builtin_base(wanted); of != nullptr && of->is_plain) made->plain_field = "_kayton_value";
        for (auto& [method_name, method] : made->methods) method.decl->file = module.file;
        // It has no name in the program.
        globals_.erase(global_key(wanted));
        state_->instance->entities.erase(wanted);
        return made;
    }
    return nullptr;
}

// The class that stands for str, int, float or tuple as a base.
bool Checker::is_plain_base(const ClassInfo& c) {
    return !c.plain_field.empty() && c.name.ends_with("_base") && c.mro.size() == 1;
}

// The built-in type that an object of the class is.
std::optional<TypeKind> Checker::container_kind(const ClassInfo& c) {
    for (const ClassInfo* k : c.mro)
        if (const BuiltinBase* base = builtin_base(k->name)) return base->kind;
    return std::nullopt;
}

// Fields of further bases stand among its own: their methods are compiled for it as they are for any class.
void Checker::take_mixed_fields(ClassInfo& c) {
    if (!c.is_mixed) return;
    for (ClassInfo* k : c.mro) {
        if (types::is_subclass(c.type, k->type)) continue;
        for (size_t i = 0; i < k->fields.size(); ++i) {
            const ClassField& theirs = k->fields[i];
            ClassField* mine = find_field(c, theirs.name);
            if (mine == nullptr) mine = &add_field(c, theirs.name, theirs.span);
            mine->annotated = theirs.annotated;
            grow(mine->type, theirs.type);
        }
    }
}

// A class and the classes that have it among their further bases: what isinstance() and annotations mean by its name.
const Type* Checker::with_mixed(const Type* t) {
    std::vector<const Type*> all = {t};
    if (t->class_info != nullptr)
        for (const ClassInfo* c : t->class_info->mixed_into) all.push_back(c->type);
    for (const ClassInfo* c : mixed_exceptions_)
        if (std::any_of(c->also.begin(), c->also.end(), [&](const Type* b) { return types::is_subclass(b, t); })) all.push_back(c->type);
    return all.size() == 1 ? t : types_.unite(all);
}

// The written type holds from the start: a field that is None at first takes what comes later.
void Checker::annotate_field(ClassInfo& c, std::string_view name, const Expr& written) {
    const Type* annotated = annotation(written);
    if (annotated == nullptr || prune(annotated)->kind == TypeKind::kDynamic) return;
    ClassField* field = find_field(c, name);
    if (field == nullptr) return;
    field->annotated = annotated;
    if (annotated->kind == TypeKind::kNone || types::is_union_with_none(annotated)) field->holds_none = true;
    const Type* t = prune(annotated);
    // An int may stand where a float is written, as in Python: what is assigned decides.
    const bool decides = t->kind == TypeKind::kUnion || t->kind == TypeKind::kList || t->kind == TypeKind::kDict || t->kind == TypeKind::kSet ||
                         t->kind == TypeKind::kFunction || t->kind == TypeKind::kClass;
    if (decides) grow(field->type, annotated);
}

// --- what the runtime calls: str(), ==, sorted(), hash() …

void Checker::protocol_instances() {
    FunctionState state;
    state.instance = module_->instances.front().get();
    state.function = state.instance->function;
    std::vector<TStmt*> unused;
    state.out = &unused;
    state.env.vars.resize(module_->scope.names.size());
    state_ = &state;
    std::vector<ClassInfo*> all = declared_classes_;
    for (size_t i = 0; i < all.size(); ++i) {
        ClassInfo& c = *all[i];
        if (!referenced(c)) continue;
        typed::Class out;
        out.type = c.type;
        std::vector<const ClassInfo*> chain;
        for (const ClassInfo* k = &c; k != nullptr; k = k->base) chain.insert(chain.begin(), k);
        out.external = c.committed;
        if (c.instantiated && !c.committed) {
            auto method = [&](const char* name, std::vector<const Type*> args, const Type* result) -> typed::Function* {
                const Method* m = find_method(c, name);
                if (m == nullptr || m->kind != MethodKind::kInstance || m->decl->params.size() != args.size()) return nullptr;
                Instance* instance = instantiate(*m->decl, std::move(args), m->decl->span, result);
                if (instance == nullptr || instance->is_closure) return nullptr;
                instance->function->exported = true;
                return instance->function;
            };
            typed::Function* compare = nullptr;
            if (find_method(c, "__lt__") != nullptr) {
                FunctionDecl* decl = prelude("_compare");
                if (Instance* instance = instantiate(*decl, {c.type, c.type}, decl->span, types_.integer)) {
                    instance->function->exported = true;
                    compare = instance->function;
                }
            }
            typed::Function* clone = nullptr;
            if (find_method(c, "__deepcopy__") != nullptr && units_.contains("copy")) {
                const Entity cloned = unit_member(*units_.at("copy"), "_cloned", c.span);
                Instance* instance = cloned.kind == EntityKind::kFunction ? instantiate(*cloned.function, {c.type}, c.span, c.type) : nullptr;
                if (instance != nullptr) {
                    instance->function->exported = true;
                    clone = instance->function;
                }
            }
            const Method* eq = find_method(c, "__eq__");
            out.protocols = {method("__str__", {c.type}, types_.str),
                             method("__repr__", {c.type}, types_.str),
                             method("__eq__", {c.type, eq != nullptr ? eq->owner->type : c.type}, types_.boolean),
                             compare,
                             method("__hash__", {c.type}, types_.integer),
                             method("__len__", {c.type}, types_.integer),
                             clone,
                             method("__format__", {c.type, types_.str}, types_.str)};
            out.finalizer = method("__del__", {c.type}, types_.none);
        }
        for (const ClassInfo* k : chain) {
            for (const ClassField& field : k->fields) {
                out.field_names.push_back(field.name);
                out.field_types.push_back(field.type);
            }
        }
        program_.classes.push_back(std::move(out));
    }
    for (auto& [node, known] : classes_) {
        if (!known->committed || known->declared_in == pass_) continue;
        typed::Class out;
        out.type = known->type;
        out.external = true;
        std::vector<const ClassInfo*> chain;
        for (const ClassInfo* k = known.get(); k != nullptr; k = k->base) chain.insert(chain.begin(), k);
        for (const ClassInfo* k : chain)
            for (const ClassField& field : k->fields) {
                out.field_names.push_back(field.name);
                out.field_types.push_back(field.type);
            }
        program_.classes.push_back(std::move(out));
    }
    state_ = nullptr;
}

}  // namespace kayton::check
