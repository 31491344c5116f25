// Types as they are written: annotations in programs, type texts in manifests.
#include <algorithm>
#include <cctype>

#include "compiler/check/checker.h"

namespace kayton::check {

using namespace syntax;
using types::is_numeric;
using types::prune;
using types::to_string;

namespace {

struct TypeText {
    std::string_view text;
    size_t at = 0;

    void space() {
        while (at < text.size() && text[at] == ' ') ++at;
    }
    bool take(char c) {
        space();
        if (at < text.size() && text[at] == c) {
            ++at;
            return true;
        }
        return false;
    }
    std::string_view word() {
        space();
        size_t begin = at;
        if (at < text.size() && text[at] == '$') ++at;
        while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) || text[at] == '_' || text[at] == '.')) ++at;
        return text.substr(begin, at - begin);
    }
};

class TypeTextParser {
  public:
    TypeTextParser(TypeContext& types, std::string_view text, bool open) : types_(types), in_{text}, open_(open) {}

    const Type* parse() {
        std::vector<const Type*> members;
        do {
            const Type* member = one();
            if (member == nullptr) return nullptr;
            members.push_back(member);
        } while (in_.take('|'));
        return types_.unite(members);
    }
    [[nodiscard]] bool at_end() {
        in_.space();
        return in_.at == in_.text.size();
    }

  private:
    std::vector<const Type*> arguments() {
        std::vector<const Type*> args;
        if (!in_.take('[')) return args;
        if (in_.take('(')) {  // tuple[()]
            in_.take(')');
            in_.take(']');
            return args;
        }
        do {
            const Type* arg = parse();
            if (arg == nullptr) return {};
            args.push_back(arg);
        } while (in_.take(','));
        in_.take(']');
        return args;
    }

    const Type* one() {
        std::string_view word = in_.word();
        if (word == "int") return types_.integer;
        if (word == "float") return types_.floating;
        if (word == "bool") return types_.boolean;
        if (word == "str") return types_.str;
        if (word == "bytes") return types_.bytes;
        if (word == "None") return types_.none;
        if (word == "Dynamic") return types_.dynamic;
        if (word == "range") return types_.range;
        if (word == "TextFile") return types_.text_file;
        if (word == "BinaryFile") return types_.binary_file;
        if (word == "Callable") {
            if (!in_.take('[') || !in_.take('[')) return nullptr;
            std::vector<const Type*> params;
            if (!in_.take(']')) {
                do {
                    const Type* p = parse();
                    if (p == nullptr) return nullptr;
                    params.push_back(p);
                } while (in_.take(','));
                in_.take(']');
            }
            in_.take(',');
            const Type* result = parse();
            in_.take(']');
            return result == nullptr ? nullptr : types_.function(params, result);
        }
        if (word == "list" || word == "dict" || word == "set" || word == "tuple" || word == "Iterator" || word == "Generator") {
            std::vector<const Type*> args = arguments();
            if (word == "tuple") return types_.tuple(args);
            if (word == "Generator" && args.size() == 3) return types_.generator(args[0], args[1], args[2]);
            if (args.size() != (word == "dict" ? 2U : 1U)) return nullptr;
            if (word == "list") return types_.list(args[0]);
            if (word == "dict") return types_.dict(args[0], args[1]);
            if (word == "set") return types_.set(args[0]);
            return types_.iterator(args[0]);
        }
        if (word.empty()) return nullptr;
        if (word[0] == '$') return open_ ? types_.handle(word) : types_.dynamic;
        if (const Type* exception = types_.find_exception(word)) return exception;
        const std::vector<const Type*> args = arguments();
        return open_ ? types_.handle(word, args) : types_.handle(word);
    }

    TypeContext& types_;
    TypeText in_;
    bool open_;
};

// Names from typing and collections.abc that leave the type to the value.
bool is_open_name(std::string_view name) {
    static constexpr std::string_view kOpen[] = {"Any",      "object",          "Iterable", "Iterator",       "Sequence",
                                                 "Mapping",  "MutableMapping",  "Generator", "MutableSequence", "Collection",
                                                 "Hashable", "Sized",           "Container", "Callable",       "Number", "Final", "ClassVar",
                                                 "Literal",  "Reversible",      "Awaitable", "TypeVar",        "LiteralString", "AnyStr", "callable", "TypeGuard", "SupportsInt", "SupportsFloat", "SupportsAbs", "SupportsIndex", "Text", "NoReturn", "Never", "ModuleType", "TracebackType", "MutableSet", "AbstractSet", "ByteString", "KeysView", "ValuesView", "ItemsView", "NewType", "ParamSpec", "InitVar"};
    return std::find(std::begin(kOpen), std::end(kOpen), name) != std::end(kOpen);
}

// Of array.array: its typecode tells the class.
bool is_array(const Type* t) {
    return t->class_info != nullptr && t->class_info->name == "array" && t->class_info->file != nullptr && t->class_info->file->name() == "<array>";
}

// Containers whose flavour the value tells.
bool is_collection_name(std::string_view name) {
    return name == "deque" || name == "defaultdict" || name == "Counter" || name == "OrderedDict" || name == "Deque" || name == "DefaultDict";
}

}  // namespace

const Type* Checker::parse_type(std::string_view text, bool open) {
    TypeTextParser parser(types_, text, open);
    const Type* type = parser.parse();
    return parser.at_end() ? type : nullptr;
}

// An annotation may name a class that the module defines further down: the next pass knows it. Null: not such a name.
const Type* Checker::class_defined_later(std::string_view name, const Expr& e) {
    const VarState* var = find_var(name);
    if (var == nullptr || var->bound != Bound::kNo || !state_->instance->decl->is_module) return nullptr;
    for (const auto& [node, c] : classes_)
        if (c->name == name && c->file == &file()) return with_mixed(c->type);
    if (!awaited_names_.insert(&e).second) return nullptr;
    changed_ = true;
    return variable_at(&e);
}

// kDynamic stands for "whatever the value has". Null after an error.
const Type* Checker::annotation(const Expr& e) {
    switch (e.kind) {
        case ExprKind::kNone: return types_.none;
        case ExprKind::kEllipsis: return types_.dynamic;
        case ExprKind::kStr: {
            std::string_view text = as<StrExpr>(e).value;
            const Module& module = parsed(&e, [&] { return std::string(text) + "\n"; });
            if (module.body.size() == 1 && module.body[0]->kind == StmtKind::kExpr) return annotation(*as<ExprStmt>(*module.body[0]).value);
            return types_.dynamic;
        }
        case ExprKind::kBinary: {
            const auto& b = as<BinaryExpr>(e);
            if (b.op != BinaryOp::kBitOr) break;
            const Type* left = annotation(*b.left);
            const Type* right = annotation(*b.right);
            if (left == nullptr || right == nullptr) return nullptr;
            return types_.unite(left, right);
        }
        case ExprKind::kName: {
            std::string_view name = as<NameExpr>(e).name;
            if (name == "int") return types_.integer;
            if (name == "float") return types_.floating;
            if (name == "bool") return types_.boolean;
            if (name == "str") return types_.str;
            if (name == "bytes") return types_.bytes;
            if (name == "range") return types_.range;
            if (name == "Self" && state_->instance->decl->owner != nullptr) return state_->instance->decl->owner->type;
            if (name == "Dynamic" || is_open_name(name) || is_collection_name(name)) return types_.dynamic;
            if (name == "list" || name == "List") return types_.list(variable_at(&e));
            if (name == "set" || name == "Set") return types_.set(variable_at(&e));
            if (name == "frozenset" || name == "FrozenSet") return types_.set(variable_at(&e), "frozenset");
            if (name == "dict" || name == "Dict") return types_.dict(variable_at(&e), variable_at(&e, 1));
            if (name == "tuple" || name == "Tuple") return types_.dynamic;
            if (const types::ClassInfo* owner = state_->instance->decl->owner)
                if (const Type* inner = inner_class(*owner, name)) return with_mixed(inner);
            if (const Type* later = class_defined_later(name, e)) return later;
            if (name == "TextIO") return types_.text_file;
            if (name == "BinaryIO") return types_.binary_file;
            [[fallthrough]];
        }
        case ExprKind::kAttribute: {
            if (e.kind == ExprKind::kAttribute && is_open_name(as<AttributeExpr>(e).name)) return types_.dynamic;
            Entity entity = this->entity(e);
            if (entity.written != nullptr) {
                if (!open_aliases_.insert(entity.written).second) return types_.dynamic;  // it names itself
                const Type* type = annotation(*entity.written);
                open_aliases_.erase(entity.written);
                return type;
            }
            if (entity.kind == EntityKind::kCrateType) return crate_annotation(entity, {}, e);
            if (entity.kind == EntityKind::kType) {
                const bool open = is_array(entity.type) || (entity.type->class_info != nullptr && entity.type->class_info->is_protocol);
                return open ? types_.dynamic : with_mixed(entity.type);
            }
            if (entity.kind == EntityKind::kBuiltin)
                if (const Type* type = builtin_type(entity.name); type != nullptr && !entity.name.starts_with("collections.")) return type;
            // A name of typing, a type variable, a function whose results it describes: the value tells.
            if (entity.kind == EntityKind::kBuiltin || entity.kind == EntityKind::kFunction) return types_.dynamic;
            if (entity.kind == EntityKind::kValue && (entity.value == nullptr || prune(entity.value->type)->kind == TypeKind::kNever)) return nullptr;
            report(DiagCode::kUnknownType, e.span, "this names no type", "not a type");
            return nullptr;
        }
        case ExprKind::kSubscript: {
            const auto& s = as<SubscriptExpr>(e);
            std::string_view name;
            if (s.object->kind == ExprKind::kName) name = as<NameExpr>(*s.object).name;
            if (s.object->kind == ExprKind::kAttribute) name = as<AttributeExpr>(*s.object).name;
            std::vector<const Expr*> parts;
            if (s.index->kind == ExprKind::kTuple) {
                for (const Expr* item : as<SequenceExpr>(*s.index).items) parts.push_back(item);
            } else {
                parts.push_back(s.index);
            }
            if (name == "Callable") {
                std::vector<const Type*> params;
                if (parts.size() == 2 && parts[0]->kind == ExprKind::kList) {
                    for (const Expr* p : as<SequenceExpr>(*parts[0]).items) {
                        const Type* t = annotation(*p);
                        if (t == nullptr) return nullptr;
                        params.push_back(t);
                    }
                    const Type* result = annotation(*parts[1]);
                    if (result == nullptr) return nullptr;
                    // A float may be an int: what the function returns decides.
                    if (prune(result)->kind == TypeKind::kFloat) result = variable_at(&e);
                    return types_.function(params, result);
                }
                return types_.dynamic;
            }
            if ((name == "Iterator" && parts.size() == 1) || (name == "Generator" && parts.size() == 3)) {
                std::vector<const Type*> args;
                for (const Expr* part : parts) {
                    const Type* t = annotation(*part);
                    if (t == nullptr) return nullptr;
                    args.push_back(t);
                }
                if (prune(args[0])->kind == TypeKind::kDynamic) return types_.dynamic;
                return args.size() == 1 ? types_.iterator(args[0]) : types_.generator(args[0], args[1], args[2]);
            }
            if (is_open_name(name) || name == "Literal" || name == "Type" || name == "type") return types_.dynamic;
            if (name == "Annotated") return annotation(*parts[0]);  // the rest is for other readers
            std::vector<const Type*> args;
            bool open_ended = false;
            for (const Expr* part : parts) {
                if (part->kind == ExprKind::kEllipsis) {
                    open_ended = true;
                    continue;
                }
                const Type* t = annotation(*part);
                if (t == nullptr) return nullptr;
                args.push_back(t);
            }
            // A container of float may be given ints, as in Python: its elements widen.
            if (name != "tuple" && name != "Tuple" && name != "Optional" && name != "Union")
                for (size_t i = 0; i < args.size(); ++i) {
                    if (prune(args[i])->kind != TypeKind::kFloat) continue;
                    const Type* element = variable_at(&e, 60 + static_cast<int>(i));
                    grow(element, types_.floating);
                    element->fixed = true;
                    args[i] = element;
                }
            if (name == "Optional" && args.size() == 1) return types_.optional(args[0]);
            if (name == "Union") return types_.unite(args);
            if (name == "Final" || name == "ClassVar") return args.empty() ? types_.dynamic : args[0];
            if ((name == "list" || name == "List") && args.size() == 1) return types_.list(args[0]);
            if ((name == "set" || name == "Set") && args.size() == 1) return types_.set(args[0]);
            if ((name == "frozenset" || name == "FrozenSet") && args.size() == 1) return types_.set(args[0], "frozenset");
            if ((name == "dict" || name == "Dict") && args.size() == 2) return types_.dict(args[0], args[1]);
            if (name == "tuple" || name == "Tuple") return open_ended && args.size() == 1 ? types_.list(args[0], "tuple") : types_.tuple(args);
            if (is_collection_name(name)) return types_.dynamic;
            // A generic item of a crate; names that stand for nothing are reported below.
            const Expr* root = s.object;
            while (root->kind == ExprKind::kAttribute) root = as<AttributeExpr>(*root).object;
            if (root->kind == ExprKind::kName) {
                const std::string_view first = as<NameExpr>(*root).name;
                VarState* var = find_var(first);
                const bool known = (var != nullptr && var->entity) || state_->instance->entities.contains(first) || globals_.contains(global_key(first));
                if (known) {
                    if (Entity generic = entity(*s.object); generic.kind == EntityKind::kCrateType) return crate_annotation(generic, args, e);
                    return annotation(*s.object);  // what a generic class of the program holds, its values tell
                }
            }
            report(DiagCode::kUnknownType, e.span, "this names no type", "not a generic type of Kayton");
            return nullptr;
        }
        default: break;
    }
    report(DiagCode::kUnknownType, e.span, "this names no type", "not a type");
    return nullptr;
}

// Whether an expression is a type and no value: list[int], Optional[Node], int | None.
bool Checker::names_type(const Expr& e) {
    if (e.kind == ExprKind::kBinary) {
        const auto& b = as<BinaryExpr>(e);
        auto is_part = [&](const Expr& part) { return part.kind == ExprKind::kNone || part.kind == ExprKind::kStr || names_type(part); };
        return b.op == BinaryOp::kBitOr && (names_type(*b.left) || names_type(*b.right)) && is_part(*b.left) && is_part(*b.right);
    }
    const bool generic = e.kind == ExprKind::kSubscript;
    const Expr& named = generic ? *as<SubscriptExpr>(e).object : e;
    const Expr* root = &named;
    while (root->kind == ExprKind::kAttribute) root = as<AttributeExpr>(*root).object;
    if (root->kind != ExprKind::kName) return false;
    // A variable is a value, whatever is subscripted of it.
    if (const VarState* var = find_var(as<NameExpr>(*root).name); var != nullptr && var->bound != Bound::kNo && !var->entity) return false;
    const size_t mark = diagnostics_.all().size();
    BlockScope unused(*this);
    const Entity what = entity(named);
    unused.take();
    diagnostics_.rewind(mark);
    if (what.kind == EntityKind::kType) return what.type->class_info == nullptr || !what.type->class_info->is_enum;
    return what.kind == EntityKind::kBuiltin && (generic || builtin_type(what.name) != nullptr);
}

// `Point = tuple[int, int]`, `Name = str | None`: another name of a type. Each use of it reads the type anew, so that
// each has containers of its own.
bool Checker::alias_statement(const AssignStmt& s) {
    if (s.targets.size() != 1 || s.targets[0]->kind != ExprKind::kName || !names_type(*s.value)) return false;
    const std::string_view name = as<NameExpr>(*s.targets[0]).name;
    Entity alias;
    alias.written = s.value;
    alias.kind = EntityKind::kBuiltin;
    alias.name = "Any";
    bind_entity(name, alias, s.span);  // within itself
    open_aliases_.insert(s.value);
    alias.type = annotation(*s.value);
    open_aliases_.erase(s.value);
    if (alias.type == nullptr || prune(alias.type)->kind == TypeKind::kDynamic) return true;
    alias.kind = EntityKind::kType;
    bind_entity(name, alias, s.span);
    return true;
}

// `Stack` of `Stack[int]`, where that is a class to be called. Null: a value is subscripted.
const Expr* Checker::generic_class(const Expr& e) {
    return e.kind == ExprKind::kSubscript && names_type(e) ? as<SubscriptExpr>(e).object : nullptr;
}

// May a value of type `actual` stand where `annotated` is written? Python's numeric tower holds: float takes int.
bool Checker::annotation_accepts(const Type* annotated, const Type* actual) {
    annotated = prune(annotated);
    actual = prune(actual);
    if (annotated->kind == TypeKind::kDynamic || actual->kind == TypeKind::kNever || actual->kind == TypeKind::kVar) return true;
    if (actual->class_info != nullptr && actual->class_info->name == "NotImplementedType") return true;
    if (annotated->kind == TypeKind::kVar) return true;
    if (accepts(annotated, actual)) return true;
    if (is_instance(actual) && !actual->class_info->plain_field.empty())  // a str besides
        if (const types::ClassField* plain = find_field(*actual->class_info, actual->class_info->plain_field)) return annotation_accepts(annotated, plain->type);
    // One of several types is enough: what the value is shows when the program runs.
    if (actual->kind == TypeKind::kDynamic) return true;
    if (actual->kind == TypeKind::kUnion)
        return std::any_of(actual->args.begin(), actual->args.end(), [&](const Type* m) { return annotation_accepts(annotated, m); });
    if (annotated->kind == TypeKind::kUnion)
        return std::any_of(annotated->args.begin(), annotated->args.end(), [&](const Type* m) { return annotation_accepts(m, actual); });
    // Arithmetic makes a float of an int now and then; Python does not mind.
    if (is_numeric(annotated)) return is_numeric(actual) && (annotated->kind != TypeKind::kBool || actual->kind == TypeKind::kBool);
    if (is_long_tuple(annotated) && actual->kind == TypeKind::kTuple)
        return std::all_of(actual->args.begin(), actual->args.end(), [&](const Type* m) { return annotation_accepts(annotated->args[0], m); });
    // Whatever a loop can go over: what iterates it shows when the program runs.
    if (annotated->kind == TypeKind::kIterator && actual->kind != TypeKind::kIterator && has_protocol(actual, "Iterable").value_or(false)) return true;
    if (annotated->kind == TypeKind::kIterator && actual->kind == TypeKind::kIterator) return annotation_accepts(annotated->args[0], actual->args[0]);
    if (annotated->kind != actual->kind || annotated->args.size() != actual->args.size() || annotated->args.empty()) return false;
    for (size_t i = 0; i < annotated->args.size(); ++i)
        if (!annotation_accepts(annotated->args[i], actual->args[i])) return false;
    return true;
}

}  // namespace kayton::check
