// Methods that decorators and special bases give a class: dataclasses, named tuples, enumerations, total_ordering. They
// are written in Kayton and parsed once, so that they mean exactly what their text says.
#include <algorithm>
#include <bit>

#include "compiler/check/checker.h"
#include "compiler/syntax/parser.h"

namespace kayton::check {

using namespace syntax;
using types::ClassField;
using types::ClassInfo;
using types::DataField;
using types::Method;
using types::prune;
using types::to_string;
using TK = typed::ExprKind;
using SK = typed::StmtKind;

namespace {

constexpr const char* kPrelude = R"(
def _zip_star(rows):
    columns = []
    if rows:
        for i in range(min([len(row) for row in rows])):
            columns.append(tuple([row[i] for row in rows]))
    return columns

def _zip_iterators(sources):
    iterators = [iter(source) for source in sources]
    while iterators:
        row = []
        for iterator in iterators:
            try:
                row.append(next(iterator))
            except StopIteration:
                return
        yield tuple(row)

def _zip_nothing():
    return
    yield ()

def _uncalled():
    raise SystemError("a function was called that nothing calls")

def _compare(a, b):
    if a < b:
        return -1
    if b < a:
        return 1
    return 0

def _iter_until(function, sentinel):
    while True:
        value = function()
        if value == sentinel:
            return
        yield value
)";

std::string joined(const std::vector<std::string>& parts, const std::string& separator) {
    std::string text;
    for (size_t i = 0; i < parts.size(); ++i) text += (i == 0 ? "" : separator) + parts[i];
    return text;
}

}  // namespace

// The functions of a text in Kayton, parsed at the first use.
const Module& Checker::parsed(const void* key, const std::function<std::string()>& text) {
    auto& entry = synthetic_modules_[key];
    if (entry == nullptr) {
        synthetic_files_.push_back(std::make_unique<SourceFile>("<kayton>", text()));
        entry = std::make_unique<Module>(parse_module(*synthetic_files_.back(), synthetic_, diagnostics_));
    }
    return *entry;
}

FunctionDecl* Checker::prelude(std::string_view name) {
    const Module& module = parsed(kPrelude, [] { return std::string(kPrelude); });
    for (const Stmt* s : module.body) {
        const auto& f = as<FunctionStmt>(*s);
        if (f.name != name) continue;
        FunctionDecl* decl = declare(&f, std::string(f.name), f.params, f.returns, f.body, nullptr, false, f.name_span);
        decl->is_generator = f.is_generator;
        decl->file = module.file;
        return decl;
    }
    return nullptr;
}

void Checker::add_written_methods(ClassInfo& c, const void* key, const std::function<std::string()>& text) {
    const Module& module = parsed(key, text);
    for (const Stmt* s : module.body) {
        const auto& f = as<FunctionStmt>(*s);
        // The class may have its own; the one that an earlier pass added is added again, since its defaults are stored here.
        if (const auto own = c.methods.find(f.name); own != c.methods.end() && own->second.decl->body.data() != f.body.data()) continue;
        add_method(c, f);
        c.methods.find(f.name)->second.decl->file = module.file;
    }
}

void Checker::make_data_class(ClassInfo& c, const ClassStmt& s, bool ordered, bool is_tuple) {
    c.data_fields.clear();
    for (auto k = c.mro.rbegin(); k + 1 != c.mro.rend(); ++k)
        for (const DataField& inherited : (*k)->data_fields)
            if (std::none_of(c.data_fields.begin(), c.data_fields.end(), [&](const DataField& f) { return f.name == inherited.name; }))
                c.data_fields.push_back(inherited);
    bool keyword_only = false;
    for (const Stmt* inner : s.body) {
        if (inner->kind != StmtKind::kAnnAssign) continue;
        const auto& a = as<AnnAssignStmt>(*inner);
        if (a.target->kind != ExprKind::kName || a.annotation == nullptr) continue;
        DataField field;
        field.name = as<NameExpr>(*a.target).name;
        field.annotation = a.annotation;
        field.default_value = a.value;
        field.keyword_only = keyword_only;
        const std::string_view written = last_name(*a.annotation);
        if (written == "ClassVar") continue;
        if (written == "KW_ONLY") {
            keyword_only = true;
            continue;
        }
        if (written == "InitVar") field.init_only = true, field.in_repr = false, field.in_compare = false;
        if (a.value != nullptr && a.value->kind == ExprKind::kCall && last_name(*a.value) == "field") {
            const auto& call = as<CallExpr>(*a.value);
            field.default_value = const_cast<Expr*>(keyword(call, "default"));
            field.default_factory = const_cast<Expr*>(keyword(call, "default_factory"));
            auto off = [&](const char* name) {
                const Expr* flag = keyword(call, name);
                return flag != nullptr && flag->kind == ExprKind::kBool && !as<BoolExpr>(*flag).value;
            };
            field.in_init = !off("init");
            field.in_repr = !off("repr");
            field.in_compare = !off("compare");
        }
        auto same = std::find_if(c.data_fields.begin(), c.data_fields.end(), [&](const DataField& f) { return f.name == field.name; });
        if (same != c.data_fields.end()) {
            *same = field;
        } else {
            c.data_fields.push_back(field);
        }
    }
    const std::vector<DataField>& fields = c.data_fields;
    // The names of the text's own are ones no field has.
    auto text = [&] {
        std::vector<std::string> params = {"self"}, shown, mine, theirs, passed_on;
        std::string init;
        bool star = false;
        for (const DataField& f : fields) {
            const std::string name(f.name);
            if (f.in_init) {
                if (f.keyword_only && !star) {
                    params.emplace_back("*");
                    star = true;
                }
                params.push_back(name + (f.default_value != nullptr || f.default_factory != nullptr ? "=None" : ""));
                if (f.init_only) passed_on.push_back(name);
                else if (f.default_factory == nullptr) init += "    self." + name + " = " + name + "\n";
            }
            if (f.default_factory != nullptr) {
                init += f.in_init ? "    self." + name + " = _default_() if " + name + " is None else " + name + "\n" : "    self." + name + " = _default_()\n";
            } else if (!f.in_init && f.default_value != nullptr) {
                init += "    self." + name + " = None\n";
            }
            if (f.in_repr) shown.push_back(name + "={self." + name + "!r}");
            if (f.in_compare) {
                mine.push_back("self." + name);
                theirs.push_back("other." + name);
            }
        }
        if (find_method(c, "__post_init__") != nullptr) init += "    self.__post_init__(" + joined(passed_on, ", ") + ")\n";
        if (init.empty()) init = "    pass\n";
        const std::string end = mine.size() == 1 ? ",)" : ")";
        const std::string a = "(" + joined(mine, ", ") + end, b = "(" + joined(theirs, ", ") + end;
        std::string out = "def __init__(" + joined(params, ", ") + "):\n" + init;
        out += std::string("def __repr__(self):\n    return f'{self.__class__.__") + (is_tuple ? "name" : "qualname") + "__}(" + joined(shown, ", ") + ")'\n";
        out += "def __eq__(self, other):\n    return " + a + " == " + b + "\n";
        if (ordered)
            for (const auto& [name, op] : {std::pair{"lt", "<"}, {"le", "<="}, {"gt", ">"}, {"ge", ">="}})
                out += std::string("def __") + name + "__(self, other):\n    return " + a + " " + op + " " + b + "\n";
        if (c.is_frozen) out += "def __hash__(self):\n    return hash(" + a + ")\n";
        // What asdict, astuple and replace of dataclasses call, and a named tuple's own.
        std::vector<std::string> replaced, named, parts, given, plain;
        for (const DataField& f : fields) {
            if (f.init_only) continue;
            const std::string name(f.name);
            named.push_back("'" + name + "': __kayton_asdict(self." + name + ")");
            parts.push_back("__kayton_astuple(self." + name + ")");
            plain.push_back("'" + name + "': self." + name);
            if (!f.in_init) continue;
            replaced.push_back(name + "=self." + name + " if " + name + " is None else " + name);
            given.push_back(name + "=None");
        }
        if (!fields.empty()) {
            const std::string prefix = is_tuple ? "_" : "_data_";
            out += "def " + prefix + "asdict(self):\n    return {" + joined(is_tuple ? plain : named, ", ") + "}\n";
            if (!is_tuple) out += "def _data_astuple(self):\n    return (" + joined(parts, ", ") + ",)\n";
            if (!given.empty()) out += "def " + prefix + "replace(self, *, " + joined(given, ", ") + "):\n    return type(self)(" + joined(replaced, ", ") + ")\n";
        }
        if (is_tuple) {
            out += "def _as_tuple(self):\n    return " + a + "\n";
            out += "@classmethod\ndef _make(cls, iterable):\n    return cls(*iterable)\n";
            out += "def __len__(self):\n    return " + std::to_string(fields.size()) + "\n";
        }
        return out;
    };
    const Module& module = parsed(&c, text);
    // Annotations and defaults are the class's own trees.
    for (const Stmt* inner : module.body) {
        auto& f = const_cast<FunctionStmt&>(as<FunctionStmt>(*inner));
        if (f.name != "__init__") continue;
        for (const Param& p : f.params) {
            auto& param = const_cast<Param&>(p);
            auto field = std::find_if(fields.begin(), fields.end(), [&](const DataField& d) { return d.name == p.name; });
            if (field == fields.end() || field->name == "self") continue;
            if (field->default_factory == nullptr) {
                param.annotation = field->annotation;
                if (field->default_value != nullptr) param.default_value = field->default_value;
            }
        }
        for (const Stmt* statement : f.body) {
            if (statement->kind != StmtKind::kAssign) continue;
            auto& assign = const_cast<AssignStmt&>(as<AssignStmt>(*statement));
            std::string_view name = as<AttributeExpr>(*assign.targets[0]).name;
            auto field = std::find_if(fields.begin(), fields.end(), [&](const DataField& d) { return d.name == name; });
            if (field == fields.end()) continue;
            Expr* made = assign.value;
            if (made->kind == ExprKind::kNone && field->default_value != nullptr) assign.value = field->default_value;
            if (made->kind == ExprKind::kConditional) made = as<ConditionalExpr>(*made).then_value;
            if (made->kind == ExprKind::kCall && field->default_factory != nullptr) {
                auto& call = const_cast<CallExpr&>(as<CallExpr>(*made));
                call.callee = field->default_factory;
            }
        }
    }
    add_written_methods(c, &c, text);
    for (const DataField& f : fields)
        if (find_field(c, f.name) != nullptr) annotate_field(c, f.name, *f.annotation);
}

void Checker::make_total_ordering(ClassInfo& c) {
    const bool lt = c.methods.contains("__lt__"), le = c.methods.contains("__le__"), gt = c.methods.contains("__gt__");
    const char* text = lt   ? "def __gt__(self, other):\n    return not (self < other) and self != other\n"
                              "def __le__(self, other):\n    return self < other or self == other\n"
                              "def __ge__(self, other):\n    return not (self < other)\n"
                       : le ? "def __gt__(self, other):\n    return not (self <= other)\n"
                              "def __lt__(self, other):\n    return self <= other and self != other\n"
                              "def __ge__(self, other):\n    return not (self <= other) or self == other\n"
                       : gt ? "def __lt__(self, other):\n    return not (self > other) and self != other\n"
                              "def __le__(self, other):\n    return not (self > other)\n"
                              "def __ge__(self, other):\n    return self > other or self == other\n"
                            : "def __lt__(self, other):\n    return not (self >= other)\n"
                              "def __gt__(self, other):\n    return self >= other and self != other\n"
                              "def __le__(self, other):\n    return not (self >= other) or self == other\n";
    // Keyed apart from a dataclass's own methods.
    add_written_methods(c, &c.methods, [&] { return std::string(text); });
}

namespace {

// A combination of flags is an object of its own, equal to every other one of the same value.
std::string flag_methods(const ClassInfo& c) {
    const std::string bits = !c.plain_field.empty() ? "self._bits(other)" : "other.value";
    std::string out =
        "def _bits(self, other):\n"
        "    mine = type(self)\n"
        "    if isinstance(other, mine):\n"
        "        return other.value\n"
        "    return other\n"
        "def _with(self, value):\n"
        "    for member in type(self).__members__.values():\n"
        "        if member.value == value:\n"
        "            return member\n"
        "    known = 0\n"
        "    names = []\n"
        "    for member in type(self):\n"
        "        known |= member.value\n"
        "        if member.value & value:\n"
        "            names.append(str(member.name))\n";
    out += !c.plain_field.empty() ? "    if value & ~known > 0:\n        names.append(str(value & ~known))\n"
                           : "    if value & ~known:\n        raise ValueError(f\"<flag '" + c.name + "'> invalid value {value}\")\n";
    out +=
        "    made = object.__new__(type(self))\n"
        "    made.value = value\n"
        "    made.name = '|'.join(names) if names else None\n"
        "    return made\n";
    for (const auto& [name, op] : {std::pair{"or", "|"}, {"and", "&"}, {"xor", "^"}}) {
        out += std::string("def __") + name + "__(self, other):\n    return self._with(self.value " + op + " " + bits + ")\n";
        if (!c.plain_field.empty()) out += std::string("def __r") + name + "__(self, other):\n    return self._with(other " + op + " self.value)\n";
    }
    out +=
        "def __invert__(self):\n"
        "    known = 0\n"
        "    for member in type(self):\n"
        "        known |= member.value\n"
        "    return self._with(known & ~self.value)\n"
        "def __contains__(self, other):\n    return other.value & self.value == other.value\n"
        "def __iter__(self):\n"
        "    for member in type(self):\n"
        "        if member.value & self.value:\n"
        "            yield member\n"
        "def __len__(self):\n    return self.value.bit_count()\n"
        "def __bool__(self):\n    return self.value != 0\n"
        "def __eq__(self, other):\n    mine = type(self)\n    return isinstance(other, mine) and self.value == other.value\n"
        "def __hash__(self):\n    return hash(self.value)\n"
        "def __copy__(self):\n    return self\n"
        "def __deepcopy__(self, memo):\n    return self\n";
    out += "def __repr__(self):\n    return f'<" + c.name + ".{self.name}: {self.value!r}>' if self.name is not None else f'<" + c.name + ": {self.value!r}>'\n";
    out += c.shows_value_enum ? "def __str__(self):\n    return str(self.value)\n"
                              : "def __str__(self):\n    return f'" + c.name + ".{self.name}' if self.name is not None else f'" + c.name + "({self.value})'\n";
    return out;
}

}  // namespace

// RED = 1 in an Enum: one object that knows its name and value.
void Checker::enum_member(ClassInfo& c, std::string_view name, const Expr& value, EnumValues& values) {
    for (const char* field : {"name", "value"})
        if (find_field(c, field) == nullptr) add_field(c, field, value.span);
    if (!c.instantiated) {
        c.instantiated = true;
        changed_ = true;
    }
    TExpr* given = nullptr;
    if (value.kind == ExprKind::kCall && as<CallExpr>(value).callee->kind == ExprKind::kName &&
        as<NameExpr>(*as<CallExpr>(value).callee).name == "auto") {
        given = constant_int(values.next, value.span);
    } else {
        given = expression(value);
    }
    if (given->kind == TK::kInt) values.next = c.is_flag ? int64_t{1} << std::min<int>(std::bit_width(static_cast<uint64_t>(std::max<int64_t>(given->int_value, 0))), 62) : given->int_value + 1;
    // A value that an earlier member has makes another name of that member.
    std::string key;
    if (value.kind == ExprKind::kName) key = as<NameExpr>(value).name;
    else if (given->kind == TK::kInt) key = "=" + std::to_string(given->int_value);
    else if (given->kind == TK::kStr) key = "'" + std::string(given->text);
    if (!key.empty() && value.kind != ExprKind::kName) {
        const auto [same, is_new] = values.members.emplace(key, name);
        if (is_new) values.members.emplace(name, name);
        else key = same->second;
    }
    if (const auto same = values.members.find(key); same != values.members.end() && same->second != name) {
        const std::string_view member = same->second;
        values.members.emplace(name, member);
        if (c.attributes.insert(std::string(name)).second) changed_ = true;
        assign_global(keep_path(c.attribute_global(name)), read_attribute_global(c, member, value.span), value.span);
        state_->overlays.back()[keep_path(std::string(name))] = VarState{};
        set_overlay(name, given);
        c.enum_aliases.emplace(name, member);
        return;
    }
    TExpr* object = make(TK::kNew, c.type, value.span);
    object->type_arg = c.type;
    object = hold(object);
    auto set = [&](const char* field, TExpr* v) {
        ClassField* f = find_field(c, field);
        grow(f->type, v->type);
        TStmt* store = stmt(SK::kSetField, value.span);
        store->a = object;
        store->index = field_index(c, field);
        store->b = convert(v, f->type);
        emit(store);
    };
    set("name", constant_str(name, value.span));
    set("value", given);
    if (c.attributes.insert(std::string(name)).second) changed_ = true;
    assign_global(keep_path(c.attribute_global(name)), object, value.span);
    state_->overlays.back()[keep_path(std::string(name))] = VarState{};
    set_overlay(name, given);
    // Of the members of a flag those that are one bit are what it consists of; others are names of combinations.
    const bool is_combination = c.is_flag && (value.kind == ExprKind::kBinary || (given->kind == TK::kInt && !std::has_single_bit(static_cast<uint64_t>(given->int_value))));
    if (is_combination) c.enum_aliases.emplace(name, name);
    else c.enum_members.emplace_back(name);
    add_written_methods(c, &c, [&] {
        if (c.is_flag) return flag_methods(c);
        return (c.shows_value_enum ? "def __str__(self):\n    return str(self.value)\n" : "def __str__(self):\n    return '" + c.name + ".' + self.name\n") +
               "def __repr__(self):\n    return f'<" + c.name + ".{self.name}: {self.value!r}>'\n"
               "def __hash__(self):\n    return hash(self.name)\n"
               "def __copy__(self):\n    return self\n"
               "def __deepcopy__(self, memo):\n    return self\n";
    });
}

// Color["RED"].
TExpr* Checker::enum_by_name(ClassInfo& c, const SubscriptExpr& e) {
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
    TExpr* by_name = make(TK::kDict, types_.dict(types_.str, c.type), e.span, parts);
    return runtime(RT::kt_dict_get, c.type, e.span, {by_name, coerce(expression(*e.index), types_.str, e.index->span, "name of a member")});
}

// All members of an enumeration, in the order of their definition.
TExpr* Checker::enum_list(ClassInfo& c, Span span) {
    Args members;
    for (const std::string& name : c.enum_members) {
        auto global = globals_.find(c.attribute_global(name));
        if (global == globals_.end()) continue;
        TExpr* member = read_global(global->second, global->first, span);
        member->int_value = 0;
        members.push_back(convert(member, c.type));
    }
    return make(TK::kList, types_.list(c.type), span, members);
}

}  // namespace kayton::check
