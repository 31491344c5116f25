// The checker: syntax trees -> typed program, by inference to a fixpoint.
//
// A pass walks the module body, instantiates every function it calls once for each combination of argument types, and
// builds the typed program as it goes. Types only grow (element types of containers, results, globals, names that take
// several types), so passes are repeated until nothing grows; the diagnostics and the program of the last pass stand.
// A name is one typed local as long as each assignment has the same type; a straight-line assignment of another type
// makes a new local; where two meet, the name is pinned: one local of the union type, narrowed by flow.
//
// One Checker a compiler session; one thread. The syntax trees given must outlive it.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "compiler/check/class_info.h"
#include "compiler/check/entities.h"
#include "compiler/check/lending.h"
#include "compiler/check/name_info.h"
#include "compiler/check/scope.h"
#include "compiler/check/session_state.h"
#include "compiler/diagnostics/diagnostics.h"
#include "compiler/types/type.h"
#include "compiler/types/typed_program.h"
#include "shared/environment.h"

namespace kayton::check {

using Args = std::vector<TExpr*>;

// A call's arguments, checked when the parameter they go to is known.
struct CallArgs {
    const syntax::CallExpr* call;
    Span span;
};

class OverlayScope;

class Checker {
  public:
    Checker(Environment environment, DiagnosticEngine& diagnostics);
    ~Checker();

    // Checks one file or cell. `cell`: module-level names stay for later ones. The program is empty after errors.
    // `check_all`: functions that nothing calls are checked too, where annotations tell their types.
    typed::TypedProgram check(const syntax::Module& module, bool cell, bool check_all);
    // What the session holds now, and before the last check() that gave a cell's program (null: there is none to undo).
    [[nodiscard]] std::shared_ptr<const SessionState> state() const { return take_state(committed_globals_); }
    [[nodiscard]] std::shared_ptr<const SessionState> before_last_cell() const { return before_last_; }
    // Names, classes and imported modules become what they were then. Numbers are not given again, so symbols stay unique.
    // Names in `lost` go too, as values() names them.
    void return_to(const SessionState& state, const std::vector<std::string>& lost);
    void forget_last_cell(const std::vector<std::string>& lost);
    // Of the last cell: the names of earlier ones that it and what it calls use; those that it deleted, or gave another
    // text as a function or class, or another type as a variable.
    [[nodiscard]] std::vector<std::string> used_names() const;
    [[nodiscard]] std::vector<std::string> changed_names() const;
    // Name, symbol and type of everything that holds a value after the cells so far.
    [[nodiscard]] std::vector<std::array<std::string, 3>> values() const;
    // The last cell's program ended with an exception: its names that replaced others of another type give way to them,
    // and none is gone.
    void last_cell_failed();
    // What is installed has changed: crates are found anew; those in use stay what they are.
    void set_environment(Environment environment) { environment_ = std::move(environment); }
    // Missing crates and crates of another ABI, by the texts of the design; found before anything else.
    std::vector<Error> take_import_errors() { return std::move(import_errors_); }
    // File and text of the modules that were imported for the first time since the last call.
    std::vector<std::pair<std::string, std::string>> take_imported() { return std::exchange(imported_, {}); }
    // Files that imports looked for and did not find, since the last call.
    std::vector<std::string> take_sought_in_vain() { return std::exchange(sought_in_vain_, {}); }
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> names() const;
    // names.cpp: for completion and inspection. The module is one expression statement; nothing of it stays.
    [[nodiscard]] std::vector<NameInfo> visible_names();
    [[nodiscard]] std::vector<NameInfo> members_of(const syntax::Module& module);
    [[nodiscard]] std::optional<NameInfo> description_of(const syntax::Module& module);  // nothing: it has errors
    // findings.cpp, for editors: what the names of a program stand for, and the members of the expression at `object`. The
    // tree may have errors. Once for a checker.
    [[nodiscard]] std::vector<KnownName> known_names(const syntax::Module& module);
    [[nodiscard]] std::vector<NameInfo> members_at(const syntax::Module& module, Span object);

  private:
    friend struct BlockScope;
    friend class NarrowScope;
    friend class OverlayScope;
    TypeContext types_;
    Environment environment_;
    DiagnosticEngine& diagnostics_;
    std::map<std::string, std::unique_ptr<Manifest>, std::less<>> manifests_;
    std::vector<Error> import_errors_;
    std::map<std::string, GlobalName, std::less<>> globals_;
    std::map<std::string, GlobalName, std::less<>> committed_globals_;
    std::shared_ptr<const SessionState> before_last_;  // before the last cell
    std::set<std::string, std::less<>> used_names_, deleted_names_;  // of earlier cells, by this pass
    std::set<types::ClassInfo*> known_classes_;        // that a cell has ever declared or committed
    // Names whose value is an empty list, dict or set of which no cell has said yet what it holds: their assignments.
    std::map<std::string, const syntax::Stmt*, std::less<>> undecided_;
    std::vector<std::unique_ptr<FunctionDecl>> modules_;  // module bodies, all cells
    std::map<const void*, std::unique_ptr<FunctionDecl>> functions_;
    FunctionDecl* module_ = nullptr;  // the program's or cell's body
    Unit main_;
    std::map<std::string, std::unique_ptr<Unit>> units_;
    struct Decoration {
        std::unique_ptr<Unit> unit;
        std::unique_ptr<FunctionDecl> body;
        std::vector<std::pair<std::string, Entity>> entities;  // parameters that are functions
        Entity result;
    };
    std::map<std::pair<const void*, const Unit*>, Decoration> decorations_;
    std::map<const FunctionDecl*, Decoration*> decoration_of_;
    bool cell_ = false;
    int cell_number_ = 0;

    // --- one pass
    typed::TypedProgram program_;
    std::vector<TExpr*> exprs_;  // every node of this pass, to close their types at the end
    bool changed_ = false;
    // What a dispatch inside another one found that none of its types takes: the outer one settles what becomes of it.
    struct NestedDispatch {
        int depth = 0;
        std::vector<Diagnostic> hopeless;
    };
    NestedDispatch nested_;
    std::vector<const Type*> dynamic_types_;  // of all cells: what Dynamic values may be
    int pass_ = 0;
    std::vector<Instance*> checked_;   // in this pass, the module body first
    const syntax::Stmt* shown_ = nullptr;  // a cell's last expression: its value is printed
    int depth_ = 0;
    std::map<const void*, std::unique_ptr<types::ClassInfo>> classes_;  // of modules, by their statement
    std::vector<types::ClassInfo*> declared_classes_;                    // in this pass, bases first
    std::map<std::string, size_t> class_names_;                          // how many classes bear a name
    std::vector<types::ClassInfo*> mixed_exceptions_;                    // those with several built-in bases
    uint32_t next_class_ = 0;
    std::vector<const syntax::Expr*> factories_;  // of defaultdicts, by the number in their flavour
    std::set<std::string, std::less<>> paths_;
    std::vector<std::unique_ptr<SourceFile>> synthetic_files_;
    std::vector<std::pair<std::string, std::string>> imported_;
    mutable std::vector<std::string> sought_in_vain_;
    std::map<const void*, std::unique_ptr<syntax::Module>> synthetic_modules_;
    uint32_t next_instance_ = 0;
    FunctionState* state_ = nullptr;
    syntax::AstArena synthetic_;       // trees of the checker's own making: wrappers of built-ins used as values
    std::map<const void*, const syntax::LambdaExpr*> wrappers_;
    std::set<const void*> open_aliases_;   // whose types are being read
    std::set<const void*> awaited_names_;  // annotations that name what is defined further down
    std::map<std::pair<const void*, size_t>, const syntax::CallExpr*> applied_;
    std::map<std::string, Entity, std::less<>> function_refs_;  // by the name of their type
    std::map<const FunctionDecl*, size_t> function_numbers_;
    std::map<const void*, const syntax::AttributeExpr*> named_attributes_;  // of getattr() and its like, by the call
    std::map<std::pair<const void*, std::string>, const syntax::AttributeExpr*> dynamic_attributes_;  // and by the name

    std::optional<Entity> asked_;  // of members_of: what the expression stands for, while it is checked
    bool asking_ = false;

    // findings.cpp: what stands where, noted while an editor asks
    bool noting_ = false;
    bool deferrable_ = false;  // this pass met errors that a program may raise in place of them
    bool deferring_ = false;   // and that is what they become
    std::vector<Diagnostic> raised_;  // of this pass: they are warnings
    bool guessing_ = false;  // functions that nothing calls are checked too, whatever their parameters are
    std::map<std::pair<uint32_t, uint32_t>, std::vector<Entity>> notes_;  // of the latest pass; a value has its `type` only
    void note(Span span, const Entity& what);
    void note(Span span, const Type* type);
    void note_all(const syntax::Module& module);
    void note_parameters();
    NameInfo describe_notes(std::string_view name, const std::vector<Entity>& notes);
    std::vector<NameInfo> members_noted(Span object);
    void locate(NameInfo& info, const Entity& module);
    void known_in(const syntax::Module& module, std::map<std::pair<uint32_t, uint32_t>, NameInfo>& known);
    void as_module_body(const std::function<void()>& work);

    // names.cpp
    void ask(const syntax::Module& module, const std::function<void(const Entity&)>& answer);
    NameInfo describe(std::string name, const Entity& entity);
    NameInfo describe(const FunctionDecl& decl, std::string name, const char* kind, bool method);
    void add_members(const Entity& entity, std::vector<NameInfo>& out);
    void add_members(const Type* type, bool of_class, std::vector<NameInfo>& out);
    std::vector<std::string> module_names(const std::string& module);
    void add_table_members(const Type* type, std::vector<NameInfo>& out);  // methods.cpp

    // undecided.cpp
    syntax::Body with_undecided(syntax::Body body, const Scope& scope);
    std::map<std::string, const syntax::Stmt*, std::less<>> find_undecided();

    // checker.cpp
    bool referenced(const types::ClassInfo& c) const;
    bool scan_rimports(const syntax::Module& module);
    const Manifest* load_manifest(const std::string& crate);
    void run_pass(FunctionDecl& module, bool check_all);
    void check_uncalled();
    void commit();  // session_state.cpp
    [[nodiscard]] std::shared_ptr<SessionState> take_state(std::map<std::string, GlobalName, std::less<>> globals) const;
    void close_types();
    void merge_equal_instances();
    Diagnostic& report(DiagCode code, Span span, std::string message, std::string label = {}, std::string help = {});
    // Of a rule that only static types have: Python does not mind.
    Diagnostic& report_limit(DiagCode code, Span span, std::string message, std::string label = {}, std::string help = {});
    void report_endless(const syntax::Stmt& s);  // TypeContext::take_endless
    [[nodiscard]] const SourceFile& file() const;

    // building nodes (nodes.cpp)
    TExpr* make(typed::ExprKind kind, const Type* type, Span span);
    TExpr* make(typed::ExprKind kind, const Type* type, Span span, std::span<TExpr* const> args);
    TExpr* make(typed::ExprKind kind, const Type* type, Span span, std::initializer_list<TExpr*> args) { return make(kind, type, span, std::span(args.begin(), args.size())); }
    TExpr* constant_int(int64_t value, Span span);
    TExpr* constant_bool(bool value, Span span);
    TExpr* constant_str(std::string_view value, Span span);
    TExpr* constant_none(Span span);
    TExpr* docstring(const syntax::Body& body, Span span);
    TExpr* never(Span span);  // stands for an expression that has an error: silent in what follows
    TExpr* runtime(RT fn, const Type* type, Span span, std::span<TExpr* const> args);
    TExpr* runtime(RT fn, const Type* type, Span span, std::initializer_list<TExpr*> args) { return runtime(fn, type, span, std::span(args.begin(), args.size())); }
    TExpr* type_info(const Type* type, Span span);
    TExpr* null(Span span);
    TExpr* op(typed::Op op, const Type* type, Span span, std::span<TExpr* const> args, std::string_view text = {});
    TExpr* op(typed::Op op, const Type* type, Span span, std::initializer_list<TExpr*> args, std::string_view text = {}) { return this->op(op, type, span, std::span(args.begin(), args.size()), text); }
    TExpr* type_test(TExpr* value, const Type* type, Span span);
    TExpr* if_expr(TExpr* condition, TExpr* then_value, TExpr* else_value, const Type* type);
    TExpr* len(TExpr* value);
    std::string_view keep(std::string text);
    template <typename T>
    std::span<T> keep(const std::vector<T>& items) { return program_.arena->copy(items); }
    std::span<TExpr*> keep(std::span<TExpr* const> items) { return program_.arena->copy(items); }
    TStmt* stmt(typed::StmtKind kind, Span span);
    void emit(TStmt* s);
    void emit_expr(TExpr* e);
    void emit_if(TExpr* test, Span span, const std::function<void()>& then);
    uint32_t temp(const Type* type, std::string name = {});
    TExpr* read_local(uint32_t local, Span span);
    void assign_local(uint32_t local, TExpr* value);
    TExpr* hold(TExpr* value);  // evaluated once into a temporary of the current block; returns a read of it
    TExpr* raise_stmt(const Type* exception, std::string_view message, Span span);
    TExpr* raise_text(const Type* exception, TExpr* message, Span span);

    // flow.cpp: names, assignment, joins, narrowing
    VarState* find_overlay(std::string_view name);
    VarState* find_var(std::string_view name);
    Entity lookup(std::string_view name, Span span);
    TExpr* read_var(VarState& var, std::string_view name, Span span);
    TExpr* undefined_name(std::string_view name, Span span);
    TExpr* read_global(GlobalName& global, std::string_view name, Span span);
    void assign_name(std::string_view name, TExpr* value, Span span);
    void bind_entity(std::string_view name, Entity entity, Span span);
    void pin(std::string_view name, const Type* type);
    void assign_global(std::string_view name, TExpr* value, Span span);
    Env join(const Env& a, const Env& b);
    uint32_t global_index(GlobalName& global, std::string_view name);
    void apply(const std::vector<Narrowing>& narrowings);
    [[nodiscard]] bool is_module_global(std::string_view name) const;
    uint32_t capture(std::string_view name, Span span);
    bool capture_through(std::string_view name, Span span);
    bool take_cells(FunctionDecl& decl, Instance& instance, TExpr* closure, Span span);

    // conditions.cpp
    Condition class_test(const syntax::CallExpr& e, bool asks_callable);
    std::string_view narrowed_name(const syntax::Expr& operand);
    const Type* flow_of(std::string_view name, const TExpr* value);
    Condition condition(const syntax::Expr& e);
    TExpr* truth(TExpr* value);
    const Type* narrow_to(const Type* t, const Type* target);
    const Type* class_argument(const syntax::Expr& e);
    TExpr* instance_of_any(TExpr* value, TExpr* classes, Span span);
    const Type* instances_of(const Type* t, const syntax::Expr& e);
    std::optional<bool> has_protocol(const Type* t, std::string_view protocol);
    const Type* with_protocol(const Type* t, std::string_view protocol);
    static bool is_plain_read(const TExpr* e);

    // convert.cpp
    bool accepts(const Type* to, const Type* from);           // without growing
    bool flow_into(const Type* from, const Type* to);         // grows variables where that makes it fit
    bool grow(const Type* variable, const Type* by);
    TExpr* convert(TExpr* value, const Type* to);             // known to fit
    TExpr* coerce(TExpr* value, const Type* to, Span span, const std::string& what, bool numbers = false);
    const Type* join_types(const Type* a, const Type* b);
    TExpr* narrow(TExpr* value, const Type* to);
    const Type* resolved(const Type* t) { return types_.resolve(t); }
    const Type* variable_at(const void* node, int which = 0);
    bool hashable(const Type* t);

    // unions.cpp: values of several types
    static bool is_several(const Type* t);
    static const char* exception_for(DiagCode code);
    static std::string as_raised(const std::string& message);
    void remember_dynamic(const Type* t);
    std::vector<const Type*> possible_types(const Type* t);
    [[nodiscard]] bool is_refused(size_t mark, Span span, bool limits = false) const;
    TExpr* dispatch(TExpr* value, Span span, const std::function<TExpr*(TExpr*)>& each);
    TExpr* present(TExpr* value, const std::string& message, bool is_attribute = false);
    TExpr* object_of(TExpr* value, const std::string& attribute);

    // type_values.cpp: types as values, attributes by a literal name
    const Type* plain_type(const Type* t);
    const Type* builtin_type(std::string_view name);
    static std::string type_name(const Type* t);
    TExpr* class_value(const Type* type, Span span);
    TExpr* type_of(TExpr* value, Span span);
    TExpr* call_type(const Type* type, const syntax::CallExpr& e, const Type* expected);
    TExpr* subclass_call(const syntax::CallExpr& e);
    TExpr* attribute_by_name(const std::string& name, const syntax::CallExpr& e);
    TExpr* attribute_of_any_name(const std::string& name, const syntax::CallExpr& e);
    TExpr* by_attribute_name(const syntax::CallExpr& e, bool fields_only, const std::function<TExpr*(const syntax::AttributeExpr&)>& each,
                             const std::function<TExpr*(TExpr* object, TExpr* name)>& otherwise);
    TExpr* attribute_or_else(const syntax::AttributeExpr& attribute, const syntax::CallExpr& e, bool has);
    TExpr* no_such_attribute(TExpr* object, TExpr* name, Span span);
    TExpr* named_method_call(const syntax::CallExpr& getter, const syntax::CallExpr& e);

    // annotations.cpp
    const Type* annotation(const syntax::Expr& e);
    bool names_type(const syntax::Expr& e);
    bool alias_statement(const syntax::AssignStmt& s);
    const syntax::Expr* generic_class(const syntax::Expr& e);
    const Type* class_defined_later(std::string_view name, const syntax::Expr& e);
    // Of a manifest: as values cross, "$K" being Dynamic. `open`: placeholders (handles "$K") instead.
    const Type* parse_type(std::string_view text, bool open = false);
    bool annotation_accepts(const Type* annotated, const Type* actual);

    // statements.cpp, loops.cpp, tries.cpp
    void body(syntax::Body statements);
    void statement(const syntax::Stmt& s);
    void guarded_statement(const syntax::Stmt& s);
    void assign(const syntax::AssignStmt& s);
    void aug_assign(const syntax::AugAssignStmt& s);
    struct Updated {
        TExpr* value;
        bool in_place;  // the object that was there is still the one
    };
    Updated update_in_place(const syntax::AugAssignStmt& s, TExpr* current);
    void ann_assign(const syntax::AnnAssignStmt& s);
    void if_statement(const syntax::IfStmt& s);
    void while_statement(const syntax::WhileStmt& s);
    void for_statement(const syntax::ForStmt& s);
    void loop_body(const syntax::Stmt& s, TStmt* loop, syntax::Body body, syntax::Body else_body,
                   const std::function<void(TStmt*)>& head);
    void return_statement(const syntax::ReturnStmt& s);
    void raise_statement(const syntax::RaiseStmt& s);
    void try_statement(const syntax::TryStmt& s);
    void with_statement(const syntax::WithStmt& s, size_t item);
    bool with_object(const syntax::WithStmt& s, size_t item, TExpr* context);
    void assert_statement(const syntax::AssertStmt& s);
    void delete_statement(const syntax::DeleteStmt& s);
    void delete_item(TExpr* object, const syntax::SubscriptExpr& target);
    void note_deleted();
    void function_statement(const syntax::FunctionStmt& s);
    void import_statement(const syntax::ImportStmt& s);
    void from_import(const syntax::FromImportStmt& s);
    void rimport(const syntax::ImportStmt& s);
    void from_rimport(const syntax::FromImportStmt& s);
    void assign_target(const syntax::Expr& target, TExpr* value);
    bool type_statement(const syntax::AssignStmt& s);
    bool lambda_statement(const syntax::AssignStmt& s);
    bool method_statement(const syntax::AssignStmt& s);
    void extend_list(TExpr* list, TExpr* more, Span more_span, Span span);
    void unpack(const syntax::SequenceExpr& target, TExpr* value);
    void store_item(const syntax::SubscriptExpr& target, TExpr* value);
    void store_item_of(TExpr* object, const syntax::SubscriptExpr& target, TExpr* value);
    void return_value(TExpr* value, Span span);
    std::span<TStmt* const> block(const std::function<void()>& fill);
    TExpr* exception_object(const syntax::Expr& e);
    TExpr* exception_value(TExpr* value, Span span);
    typed::Iter* iterate(const syntax::Expr& e);
    typed::Iter* iterate_value(TExpr* value, Span span);
    typed::Iter* iterate_several(TExpr* value, Span span);
    typed::Iter* make_iter(typed::IterKind kind, Span span, const Args& args, const Type* element);
    TExpr* element_value(typed::Iter* iter, Span span);
    // A loop of the checker's own making: `each` emits the body, with the element.
    void for_each(const syntax::Expr& iterable, const std::function<void(TExpr*)>& each);
    void loop_over(typed::Iter* iter, Span span, const std::function<void(TExpr*)>& each);
    void break_out(Span span);
    void set_overlay(std::string_view name, TExpr* value);
    void declare_overlay_targets(const syntax::Expr& target);

    // expressions.cpp, comprehensions.cpp
    TExpr* expression(const syntax::Expr& e, const Type* expected = nullptr);
    TExpr* expression_value(const syntax::Expr& e, const Type* expected);
    Entity entity(const syntax::Expr& e);
    Entity named_entity(const syntax::Expr& e);
    TExpr* entity_value(const Entity& entity, const syntax::Expr& e, const Type* expected);
    TExpr* list_display(const syntax::SequenceExpr& e, const Type* expected);
    TExpr* set_display(const syntax::SequenceExpr& e, const Type* expected);
    TExpr* tuple_display(const syntax::SequenceExpr& e, const Type* expected);
    TExpr* dict_display(const syntax::DictExpr& e, const Type* expected);
    TExpr* comprehension(const syntax::ComprehensionExpr& e, const Type* expected);  // a generator expression gives a list
    TExpr* comprehension_value(const syntax::ComprehensionExpr& e, const Type* expected);
    void comprehension_clauses(const syntax::ComprehensionExpr& e, size_t clause, const std::function<void()>& innermost);
    void each_element(const syntax::ComprehensionExpr& e, const Type* expected, const std::function<void(TExpr*, TExpr*)>& take);
    TExpr* conditional(const syntax::ConditionalExpr& e, const Type* expected);
    TExpr* bool_op(const syntax::BoolOpExpr& e);
    TExpr* subscript(const syntax::SubscriptExpr& e);
    TExpr* subscript_value(TExpr* object, const syntax::SubscriptExpr& e);
    TExpr* slice_value(TExpr* object, const syntax::SliceExpr& e);
    TExpr* slice_between(TExpr* object, const std::array<TExpr*, 3>& bounds, Span span);
    TExpr* slice_object(const syntax::SliceExpr& e);
    types::ClassInfo* slice_class(Span span);
    std::optional<std::array<TExpr*, 3>> slice_bounds(const syntax::Expr& index);
    TExpr* as_slice_bound(TExpr* bound, Span span);
    TExpr* slice_bound(const syntax::Expr* e);
    TExpr* fstring(const syntax::FStringExpr& e);
    TExpr* format_spec(const syntax::FStringExpr* spec, Span span);
    TExpr* format_value(TExpr* value, TExpr* spec, Span span);
    TExpr* to_str(TExpr* value);
    TExpr* class_repr(TExpr* value);
    TExpr* to_repr(TExpr* value);
    TExpr* function_value(FunctionDecl& decl, const void* site, Span span, const Type* expected, const Args& bound = {});
    TExpr* remembered_call(FunctionDecl& decl, Instance& instance, const Args& args, Span span);
    TExpr* lambda_value(const syntax::LambdaExpr& e, const Type* expected);
    TExpr* wrapped_value(const syntax::Expr& callable, const Type* expected);
    syntax::CallExpr* call_of(const syntax::Expr& callable, std::span<const std::string_view> names);

    // operators.cpp, comparisons.cpp
    TExpr* unary(const syntax::UnaryExpr& e);
    TExpr* binary(syntax::BinaryOp op, TExpr* left, TExpr* right, Span span, Span op_span, bool in_place = false);
    TExpr* binary_one(syntax::BinaryOp op, TExpr* left, TExpr* right, Span span, Span op_span, bool in_place);
    TExpr* numeric(syntax::BinaryOp op, TExpr* left, TExpr* right, Span span);
    TExpr* sequence_operator(syntax::BinaryOp op, TExpr* left, TExpr* right, Span span);
    TExpr* compare(const syntax::CompareExpr& e);
    TExpr* compare_values(syntax::CompareOp op, TExpr* left, TExpr* right, Span span, bool as_given = false);
    // `as_given`: what a special method returns, and not its truth.
    TExpr* equal(TExpr* left, TExpr* right, Span span, bool negate, bool as_given = false);
    TExpr* order(syntax::CompareOp op, TExpr* left, TExpr* right, Span span, bool as_given = false);
    bool as_long_tuples(TExpr*& left, TExpr*& right);
    TExpr* identity(TExpr* left, TExpr* right, Span span, bool negate);
    TExpr* membership(TExpr* item, TExpr* container, Span span);
    TExpr* negate(TExpr* value);
    TExpr* percent_format(TExpr* left, TExpr* right, Span span);

    // calls.cpp, instantiation.cpp
    TExpr* call(const syntax::CallExpr& e, const Type* expected);
    TExpr* call_decl(FunctionDecl& decl, const syntax::CallExpr& e, TExpr* self = nullptr);
    TExpr* default_value(FunctionDecl& decl, size_t param, Span span);
    void store_defaults(FunctionDecl& decl);
    static bool is_exact(const Type* t);
    static bool has_open_variable(const Type* t);
    TExpr* argument_for(FunctionDecl& decl, size_t param, const syntax::Expr& e);
    // Of a call whose arguments only the run can count.
    struct OpenArguments {
        TExpr* positional;     // a list of those for the parameters from `first` on, or null
        TExpr* keywords;       // a dict by name, or null
        size_t first, end;     // the parameters that are taken by place
        bool takes_more;       // it has *args
        bool takes_keywords;   // it has **kwargs
    };
    TExpr* take_open(FunctionDecl& decl, const OpenArguments& open, std::vector<TExpr*>& values, Span span);
    TExpr* fit_argument(FunctionDecl& decl, size_t param, TExpr* value);
    TExpr* call_closure(TExpr* callee, const syntax::CallExpr& e);
    TExpr* call_instance(FunctionDecl& decl, const Args& args, Span span);
    Instance* instantiate(FunctionDecl& decl, std::vector<const Type*> args, Span span, const Type* forced_result, bool may_widen = false);
    void check_instance(Instance& instance);
    TExpr* inline_lambda(const syntax::LambdaExpr& lambda, const Args& args, Span span);
    void note_inlined(const char* name, Span body, Span outside, Span call);
    TExpr* builtin_result(const std::string& name, const syntax::CallExpr& e, const Type* expected);
    TExpr* with_spread(const syntax::CallExpr& e, const std::function<TExpr*(const syntax::CallExpr&)>& call);
    TExpr* apply_callable(const syntax::Expr& callable, const Args& args, Span span);
    FunctionDecl* declare(const void* node, std::string name, std::span<const syntax::Param> params, const syntax::Expr* returns,
                          syntax::Body body, const syntax::Expr* lambda_body, bool is_fn, Span span);

    // methods.cpp: methods of built-in types, from a table
    TExpr* bound_or_absent(TExpr* value, Span span, const std::string& what);
    TExpr* byte_part(TExpr* value, Span span);
    TExpr* method_call(TExpr* object, const syntax::AttributeExpr& callee, const syntax::CallExpr& e, const Type* expected = nullptr);
    TExpr* table_call(const struct MethodSpec& spec, TExpr* object, const Type* owner, const syntax::CallExpr& e);
    TExpr* special_method(TExpr* object, std::string_view name, const syntax::CallExpr& e, bool& handled);
    TExpr* list_method(TExpr* object, std::string_view name, const syntax::CallExpr& e, bool& handled);
    TExpr* dict_method(TExpr* object, std::string_view name, const syntax::CallExpr& e, bool& handled);
    TExpr* set_method(TExpr* object, std::string_view name, const syntax::CallExpr& e, bool& handled);
    TExpr* str_method(TExpr* object, std::string_view name, const syntax::CallExpr& e, bool& handled);
    // format() of a text that is known here, as the f-string it means; null where only the run can say.
    TExpr* format_known(std::string_view text, const syntax::CallExpr& e);
    std::vector<std::string> method_names(const Type* t);

    // builtins.cpp, printing.cpp, sequences.cpp
    TExpr* builtin_unary(const std::string& name, TExpr* value, Span span);  // null: not a function of one value
    TExpr* builtin_call(const std::string& name, const syntax::CallExpr& e, const Type* expected);
    TExpr* convert_call(const Type* target, const syntax::CallExpr& e, const Type* expected);
    TExpr* print_call(const syntax::CallExpr& e);
    TExpr* open_call(const syntax::CallExpr& e);
    TExpr* sum_call(const syntax::CallExpr& e);
    TExpr* any_all_call(const syntax::CallExpr& e, bool any);
    TExpr* min_max_call(const syntax::CallExpr& e, bool max);
    TExpr* sorted_call(const syntax::CallExpr& e);
    bool is_none_here(const syntax::Expr& e);
    TExpr* sort_list(TExpr* list, const syntax::Expr* key, TExpr* reverse, Span span);
    TExpr* list_from(const syntax::Expr& iterable, const void* site, const Type* expected);
    TExpr* set_from(const syntax::CallExpr& e, const Type* expected);
    TExpr* dict_from(const syntax::CallExpr& e, const Type* expected);
    bool argument_count(const syntax::CallExpr& e, const std::string& name, size_t least, size_t most);
    const syntax::Expr* keyword(const syntax::CallExpr& e, std::string_view name);
    bool only_keywords(const syntax::CallExpr& e, const std::string& name, std::initializer_list<std::string_view> allowed);
    void append_to(TExpr* list, TExpr* value, Span span);
    bool is_iterator_builtin(const syntax::Expr& e, std::string& name);

    // display.cpp
    void show_value(TExpr* value, Span span);
    void emit_display(int64_t kind, TExpr* id, TExpr* value, Span span);
    void emit_forms(int64_t kind, TExpr* id, TExpr* value, Span span);
    TExpr* display_call(const std::string& name, const syntax::CallExpr& e);

    // classes.cpp, class_bodies.cpp, data_classes.cpp
    void class_statement(const syntax::ClassStmt& s, types::ClassInfo* outer = nullptr);  // `outer`: whose body it stands in
    void bind_class(const syntax::ClassStmt& s, const Entity& entity, types::ClassInfo* outer);
    static const Type* inner_class(const types::ClassInfo& c, std::string_view name);  // its own or a base's; null: none
    void class_body(types::ClassInfo& c, const syntax::ClassStmt& s);
    void add_method(types::ClassInfo& c, const syntax::FunctionStmt& f);
    bool wrapped_method(types::ClassInfo& c, std::string_view name, const syntax::Expr& value);
    void typed_dict(const syntax::ClassStmt& s, const Type* base, types::ClassInfo* outer);
    static bool is_plain_base(const types::ClassInfo& c);
    static std::optional<TypeKind> container_kind(const types::ClassInfo& c);
    types::ClassInfo* container_base(const syntax::ClassStmt& s, std::string_view name);
    void annotate_field(types::ClassInfo& c, std::string_view name, const syntax::Expr& written);
    void take_mixed_fields(types::ClassInfo& c);
    const Type* with_mixed(const Type* t);
    bool may_be_unset(types::ClassInfo& c, types::ClassField& field);
    void delete_attribute(const syntax::AttributeExpr& target);
    static const types::Method* find_method(const types::ClassInfo& c, std::string_view name);
    static types::ClassField* find_field(types::ClassInfo& c, std::string_view name);
    const types::Method* descriptor_method(TExpr* attribute, std::string_view name);
    static types::ClassInfo* attribute_owner(types::ClassInfo& c, std::string_view name);
    static uint32_t field_index(const types::ClassInfo& c, std::string_view name);
    types::ClassField& add_field(types::ClassInfo& c, std::string_view name, Span span);
    void protocol_instances();
    const syntax::Module& parsed(const void* key, const std::function<std::string()>& text);
    FunctionDecl* prelude(std::string_view name);
    void add_written_methods(types::ClassInfo& c, const void* key, const std::function<std::string()>& text);
    void make_data_class(types::ClassInfo& c, const syntax::ClassStmt& s, bool ordered, bool is_tuple);
    void make_total_ordering(types::ClassInfo& c);
    // What the members of an enumeration have come to while its body is read.
    struct EnumValues {
        int64_t next = 1;
        std::map<std::string, std::string_view, std::less<>> members;  // by the text of their values, where those are written out
    };
    void enum_member(types::ClassInfo& c, std::string_view name, const syntax::Expr& value, EnumValues& values);
    TExpr* enum_list(types::ClassInfo& c, Span span);
    TExpr* enum_by_name(types::ClassInfo& c, const syntax::SubscriptExpr& e);

    // instances.cpp
    static bool is_instance(const Type* t);
    TExpr* by_class(TExpr* object, Span span, const std::function<const void*(types::ClassInfo&)>& choice,
                    const std::function<TExpr*(TExpr*, types::ClassInfo&)>& each);
    TExpr* construct(types::ClassInfo& c, const syntax::CallExpr& e);
    TExpr* construct_with(const types::Method& maker, types::ClassInfo& c, const syntax::CallExpr& e);
    TExpr* new_object(types::ClassInfo& c, Span span);
    TExpr* bare_object(const syntax::CallExpr& e);
    TExpr* plain_object(std::string_view type, const syntax::CallExpr& e);
    void init_exception(TExpr* object, const syntax::CallExpr& e);
    const syntax::CallExpr& with_held_arguments(const syntax::CallExpr& e, OverlayScope& held);
    TExpr* read_field(TExpr* object, types::ClassInfo& c, std::string_view name, Span span);
    TExpr* read_attribute_global(types::ClassInfo& owner, std::string_view name, Span span);
    TExpr* class_attribute(TExpr* object, const syntax::AttributeExpr& e);
    TExpr* bound_value(TExpr* object, const syntax::AttributeExpr& e);
    Entity class_member(types::ClassInfo& c, const syntax::AttributeExpr& e);
    void store_attribute(const syntax::AttributeExpr& target, TExpr* value, const syntax::Expr* written);
    void store_field(TExpr* object, const std::string& name, TExpr* value, const syntax::AttributeExpr& target, const syntax::Expr* written);
    TExpr* call_values(FunctionDecl& decl, Args values, Span span);
    TExpr* call_method(TExpr* object, std::string_view name, const Args& args, Span span);
    TExpr* class_method_call(TExpr* object, const syntax::AttributeExpr& callee, const syntax::CallExpr& e);
    TExpr* call_class_method(const types::Method& m, TExpr* object, types::ClassInfo& k, const syntax::CallExpr& e);
    TExpr* call_object(TExpr* object, const syntax::CallExpr& e);
    TExpr* call_on_class(const Type* type, const syntax::AttributeExpr& callee, const syntax::CallExpr& e);
    types::ClassInfo* super_owner(const syntax::Expr& e);
    const types::Method* super_method(types::ClassInfo& owner, std::string_view name, TExpr* self);
    TExpr* bound_method(FunctionDecl& method, TExpr* object, const syntax::Expr& site);
    TExpr* super_call(const syntax::AttributeExpr& callee, const syntax::CallExpr& e);
    TExpr* expression_of_name(std::string_view name, Span span);
    TExpr* class_binary(syntax::BinaryOp o, TExpr* left, TExpr* right, Span span);
    TExpr* special_binary(TExpr* left, TExpr* right, const std::string& own, const std::string& reflected, Span span,
                          const std::function<std::string(const std::string&, const std::string&)>& refusal);
    TExpr* plain_value(TExpr* value, std::initializer_list<std::string_view> own = {});
    TExpr* unless_not_implemented(TExpr* result, Span span, const std::function<TExpr*()>& otherwise);
    TExpr* class_equal(TExpr* left, TExpr* right, Span span);
    TExpr* class_unequal(TExpr* left, TExpr* right, Span span);
    TExpr* class_order(syntax::CompareOp o, TExpr* left, TExpr* right, Span span);
    typed::Iter* class_iter(TExpr* value, Span span);
    typed::Iter* step_iter(Span span, const char* end, const std::function<TExpr*()>& next);
    std::string_view keep_path(std::string text);
    std::string_view path_of(const syntax::Expr& e);
    void forget_paths(std::string_view attribute);
    void forget_paths_of(const syntax::Expr& object);
    void forget_paths_from(std::string_view prefix);
    TExpr* narrow_path(TExpr* value, const syntax::Expr& e);

    // collections.cpp: containers of other flavours than the plain ones
    const Type* plain(const Type* t);
    TExpr* collect(TExpr* value, Span span, std::string_view flavour);
    TExpr* long_tuple(TExpr* tuple);
    TExpr* dict_item(TExpr* dict, TExpr* key, Span span);
    TExpr* default_item(const Type* dict, Span span);
    TExpr* collection_call(const std::string& name, const syntax::CallExpr& e);
    TExpr* count_into(TExpr* counter, const syntax::Expr& more, const syntax::CallExpr& e, bool subtract);
    TExpr* collection_method(TExpr* object, std::string_view name, const syntax::CallExpr& e, bool& handled);
    bool named_tuple_statement(const syntax::AssignStmt& s);
    types::ClassInfo* named_tuple_base(const syntax::CallExpr& e);
    std::map<const void*, const syntax::AssignStmt*> named_tuple_bases_;

    // generators.cpp
    void begin_generator(Instance& instance, typed::Function& function);
    void generator_return(TExpr* value, Span span);
    bool settle_generators();  // what nothing sends is None; true when that says something new
    TExpr* yield(const syntax::YieldExpr& e, bool used);
    TExpr* yield_from(const syntax::YieldExpr& e, bool used);
    TExpr* generator_method(TExpr* object, std::string_view name, const syntax::CallExpr& e, bool& handled);
    TExpr* next_call(const syntax::CallExpr& e);
    TExpr* next_value(TExpr* iterator, Span span);

    // iterators.cpp: iterators as values, each a generator of the checker's own making
    TExpr* iterator_of(TExpr* value, const void* site, Span span);  // what iter(value) gives; null when it is none
    TExpr* iter_call(const syntax::CallExpr& e);
    TExpr* generator_expression(const syntax::ComprehensionExpr& e);
    TExpr* lazy_call(const std::string& name, const syntax::CallExpr& e);  // map, filter, zip, enumerate, reversed
    TExpr* call_synthetic(const void* site, const char* name, Args args, Span span, const std::function<syntax::Body()>& build);
    TExpr* element_of(typed::Iter* iter, Span span);
    bool is_lazy(const syntax::Expr& e);  // a call that gives an iterator nobody else can hold, or a generator expression
    struct SyntheticFunction {
        std::vector<syntax::Param> params;
        syntax::Body body;
    };
    std::map<const void*, SyntheticFunction> synthetic_functions_;
    std::map<const typed::Iter*, const syntax::CallExpr*> mapped_;  // of the latest pass: loops over a call of map()

    // decorators.cpp
    // function_values.cpp
    TExpr* function_argument(const syntax::Expr& e);
    TExpr* function_ref(const Entity& passed, Span span);
    bool shares_nothing(const FunctionDecl& decl);
    [[nodiscard]] Entity referred(const Type* function_ref) const;
    // partial.cpp
    Entity partial(const syntax::CallExpr& e);
    TExpr* callable_argument(const syntax::Expr& e);
    std::vector<Entity> decorators(const std::vector<const syntax::Expr*>& written);
    Entity decorator_function(const syntax::Expr& decorator);
    Entity decorate(Entity function, const Entity& with, const syntax::Expr& decorator);
    Entity call_decorator(Entity function, const Entity& with, const syntax::Expr& decorator);
    const FunctionDecl* decorating_function(const syntax::Expr& decorator);
    Entity run_decoration(FunctionDecl& decl, const void* site, const std::vector<Entity>& args, Span span);
    void bind_parameters(FunctionDecl& decoration);

    // match.cpp
    void match_statement(const syntax::MatchStmt& s);
    void when(TExpr* test, Span span, const std::function<void()>& then);
    void pattern(const syntax::Pattern& p, TExpr* value, const std::function<void(TExpr*)>& then);
    void only_member(TExpr* value, const Type* member, Span span, const std::function<void(TExpr*)>& then);
    void sequence_pattern(const syntax::Pattern& p, TExpr* value, const std::function<void(TExpr*)>& then);
    void class_pattern(const syntax::Pattern& p, TExpr* value, const std::function<void(TExpr*)>& then);

    // modules.cpp
    bool known_module(std::string_view name);
    Entity module_member(const std::string& module, std::string_view name, Span span);
    TExpr* module_value(const std::string& member, Span span);
    TExpr* module_call(const std::string& member, const syntax::CallExpr& e);

    // units.cpp
    [[nodiscard]] std::string global_key(std::string_view name) const;
    [[nodiscard]] std::optional<std::filesystem::path> find_source(const std::string& dotted) const;
    Unit* load_unit(const std::string& dotted, Span span);
    void run_unit(Unit& unit, Span span);
    Unit* import_unit(const std::string& dotted, Span span);
    [[nodiscard]] std::string relative_name(int level, std::string_view module) const;
    Entity unit_member(Unit& unit, std::string_view name, Span span);
    void bind_import(std::string_view name, Entity member, Span span);

    // crates.cpp
    Entity crate_member(const Manifest& manifest, const std::string& path, Span span, bool report_missing);
    TExpr* crate_call(const Manifest& manifest, const std::string& name, TExpr* receiver, const syntax::CallExpr& e, const Type* expected = nullptr);
    TExpr* crate_call_of(const Manifest& manifest, const std::string& name, const std::vector<const ManifestFunction*>& candidates,
                         TExpr* receiver, const syntax::CallExpr& e, const Type* expected);
    TExpr* crate_protocol(const Type* handle, std::string_view method, const Args& args, Span span);
    TExpr* crate_attribute(TExpr* object, const syntax::AttributeExpr& e);
    TExpr* plugin_call(const Manifest& manifest, const ManifestFunction& function, const Args& args, Span span);
    TExpr* extension_call(TExpr* object, std::string_view name, const syntax::CallExpr& e, const Type* expected);
    const Manifest* manifest_of(const Type* handle);
    uint32_t plugin_function(const Manifest& manifest, const ManifestFunction& function);
    std::vector<const ManifestFunction*> crate_functions(const Manifest& manifest, std::string_view name);
    std::vector<std::string> crate_names(const Manifest& manifest, const std::string& prefix);
    const Type* crate_type(const Manifest& manifest, const std::string& name);
    static std::vector<const ManifestType*> crate_instances(const Manifest& manifest, std::string_view name);
    std::vector<const ManifestFunction*> crate_members(const Manifest& manifest, const std::string& type, std::string_view member);
    bool fits_parameter(const Type* parameter, const TExpr* argument);
    TExpr* crate_iter(TExpr* value, Span span);
    TExpr* crate_constant(const Entity& entity, const syntax::Expr& e, const Type* expected);
    bool crate_pattern(const syntax::Pattern& p, TExpr* value, const std::function<void(TExpr*)>& then);

    // crate_generics.cpp: calls whose signature holds "$K"
    using TypeNames = std::map<std::string_view, const Type*>;
    const Type* crate_annotation(const Entity& entity, std::span<const Type* const> args, const syntax::Expr& written);
    void learn(const Type* open, const Type* actual, TypeNames& known);
    const Type* with_names(const Type* open, const TypeNames& known);
    static bool has_names(const Type* type);
    const Type* crossing(const Type* open);
    TExpr* give_back(TExpr* value, const Type* open, const Type* to);
    TExpr* hand_over(TExpr* value, const Type* open);
    TExpr* callback(TExpr* closure, const Type* open, const Type* real);
    TExpr* rebuilt(TExpr* container, const Type* to, const std::function<TExpr*(TExpr*, size_t)>& each);
    TExpr* listed(TExpr* iterable, const Type* list);
    TExpr* as_argument(TExpr* value, const Type* to, const std::string& what);
};

// The function being checked.
struct FunctionState {
    Instance* instance = nullptr;
    typed::Function* function = nullptr;
    FunctionState* outer = nullptr;   // caller in the checker's recursion, not the enclosing scope
    Env env;
    std::vector<TStmt*>* out = nullptr;
    struct Loop {
        Env* break_env;      // joined from every break; unreachable before the first
        Env* continue_env;
    };
    std::vector<Loop> loops;
    std::vector<std::map<std::string_view, VarState>> overlays;  // comprehension targets, inlined lambda parameters
    std::vector<std::vector<std::pair<uint32_t, VarState>>*> assignment_logs;  // try bodies being checked
    std::map<std::string_view, uint32_t> captured;  // names from the enclosing function
    std::set<uint32_t> late_cells;                  // of those, locals whose cell may have nothing in it yet
    std::set<std::string_view> unbound_reads;       // names read where nothing was assigned yet, in the loop body at hand
    std::vector<const Type*> caught;                // exceptions that handlers around the statement at hand take
    bool in_handler = false;                        // the statement at hand stands in an except clause, or is called from one
    const syntax::CallExpr* consumer = nullptr;     // the call of a built-in whose code, loops and all, stands in its place
    int caught_imports = 0;                         // try bodies around the statement at hand whose handlers take an ImportError
    std::vector<OpenBlock> open_blocks;             // outermost first: where what crates lend is looked for
    std::set<uint32_t> lent;                        // locals that hold what a crate lent
    std::map<const syntax::Expr*, TExpr*> evaluated;  // parts of the target of `x[i] += v` at hand: held, not evaluated again
    std::set<const syntax::Stmt*> tails;            // of a `fn`: expression statements whose value is returned
};

// Narrowings that hold for one subexpression.
class NarrowScope {
  public:
    NarrowScope(Checker& checker, const std::vector<Narrowing>& narrowings);
    ~NarrowScope();
    NarrowScope(const NarrowScope&) = delete;
    NarrowScope& operator=(const NarrowScope&) = delete;

  private:
    Checker& checker_;
    std::vector<std::pair<std::string_view, const Type*>> saved_;  // a path that was not known: null
};

// Names that stand for values while an expression is checked: the parameters of an inlined lambda, arguments that a tree
// of the checker's own making names.
class OverlayScope {
  public:
    explicit OverlayScope(Checker& checker);
    ~OverlayScope();
    OverlayScope(const OverlayScope&) = delete;
    OverlayScope& operator=(const OverlayScope&) = delete;
    void bind(std::string_view name, TExpr* value);  // the name outlives the scope

  private:
    Checker& checker_;
};

// Statements that an expression needs before its value: collected here, made into a kSeq by finish().
struct BlockScope {
    explicit BlockScope(Checker& checker);
    ~BlockScope();
    TExpr* finish(TExpr* value);
    std::span<TStmt* const> take();
    Checker& checker;
    std::vector<TStmt*> statements;
    std::vector<TStmt*>* before;
};

}  // namespace kayton::check
