// The parser's class, shared by the parser_*.cpp files and by nothing else. One object parses one file: expressions by
// precedence climbing with loops for every left-associative chain, statements by descent, whose depth the lexer's
// limits on brackets and blocks bound. After a syntax error it panics: silent until the end of the logical line. One
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostics.h"
#include "compiler/syntax/ast.h"
#include "compiler/syntax/lexer.h"
#include "compiler/syntax/token.h"

namespace kayton::syntax {

// Recursion that brackets do not bound: `a if b else c if ...`, `2 ** 3 ** ...`, lambda: lambda: ...
inline constexpr uint32_t kMaxRecursion = 1000;
inline constexpr size_t kMaxElifs = 10000;

enum class ScopeKind : uint8_t { kModule, kFunction, kLambda, kClass, kUnknown };

struct Scope {
    Scope* parent;
    ScopeKind kind;
    bool is_async = false;
    uint32_t loops = 0;   // around the current statement
    uint32_t yields = 0;  // seen so far
};

// Items gathered on a shared stack and taken off when the list goes out of scope: nested lists cost no allocation.
template <typename T>
class ScratchList {
  public:
    explicit ScratchList(std::vector<T>& stack) : stack_(stack), mark_(stack.size()) {}
    ~ScratchList() { stack_.resize(mark_); }
    ScratchList(const ScratchList&) = delete;
    ScratchList& operator=(const ScratchList&) = delete;

    void add(T item) { stack_.push_back(item); }
    [[nodiscard]] size_t size() const { return stack_.size() - mark_; }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] T& operator[](size_t i) { return stack_[mark_ + i]; }
    [[nodiscard]] std::span<const T> items() const { return {stack_.data() + mark_, size()}; }

  private:
    std::vector<T>& stack_;
    size_t mark_;
};

class Parser {
  public:
    Parser(const SourceFile& file, AstArena& arena, DiagnosticEngine& diagnostics);

    Module parse();
    // The text ended where a line more could have completed it, and nothing was wrong before.
    [[nodiscard]] bool incomplete() const { return incomplete_; }
    [[nodiscard]] size_t blocks_open_at_end() const { return lexer_.blocks_open_at_end(); }

  private:
    // --- tokens and errors (parser.cpp)
    [[nodiscard]] TokenKind kind() const { return current_.kind; }
    [[nodiscard]] bool at(TokenKind k) const { return current_.kind == k; }
    // Nothing but the ends of blocks is left.
    [[nodiscard]] bool at_end_of_text() const {
        return at(TokenKind::kEndOfFile) || (at(TokenKind::kDedent) && current_.begin == text_.size());
    }
    [[nodiscard]] bool at_soft(SoftKeyword soft) const { return current_.soft == soft; }
    [[nodiscard]] bool at_text(std::string_view text) const { return text_of(current_) == text; }
    [[nodiscard]] std::string_view text_of(const Token& token) const { return text_of(token.span()); }
    [[nodiscard]] std::string_view text_of(Span span) const { return text_.substr(span.begin, span.end - span.begin); }
    [[nodiscard]] Span since(uint32_t begin) const { return {begin, prev_end_ > begin ? prev_end_ : begin}; }
    [[nodiscard]] Span since(const Expr* first) const { return since(first->span.begin); }
    void advance();
    bool accept(TokenKind k);
    bool expect(TokenKind k, std::string_view where);
    const Token& peek(size_t distance);  // 1: the token after the current one
    // For a bracket at `distance` tokens ahead (0: the current one): the distance of its closing one, or 0.
    size_t distance_of_closing(size_t distance);

    [[nodiscard]] std::string describe_current() const;
    // A syntax error at the current token, unless one stands on this line already.
    void unexpected(std::string expected, std::string help = {});
    void syntax_error(DiagCode code, Span span, std::string message, std::string label = {}, std::string help = {});
    // An error of meaning: reported, and parsing goes on.
    Diagnostic& complain(DiagCode code, Span span, std::string message, std::string label = {}, std::string help = {});
    bool reopen_line();
    void skip_to_end_of_line();
    [[nodiscard]] uint32_t column_of(uint32_t offset) const;
    [[nodiscard]] bool silent() const { return panicking_ || lexer_.stopped(); }

    // --- nodes
    template <typename T, typename... Args>
    T* make(ExprKind expr_kind, Span span, uint32_t height_below, Args... args) {
        uint32_t height = height_below + 1;
        if (height > kMaxExpressionHeight) height = too_high(span);
        return arena_.make<T>(Expr{expr_kind, static_cast<uint16_t>(height), span}, args...);
    }
    template <typename T, typename... Args>
    T* make_stmt(StmtKind stmt_kind, Span span, Args... args) {
        return arena_.make<T>(Stmt{stmt_kind, span}, args...);
    }
    uint32_t too_high(Span span);
    Expr* error_expr(Span span) { return make<Expr>(ExprKind::kError, span, 0); }
    Stmt* error_stmt(Span span) { return make_stmt<SimpleStmt>(StmtKind::kError, span); }
    [[nodiscard]] static uint32_t height_of(Exprs items);

    // --- statements (parser_statements.cpp)
    void parse_statements_until(TokenKind end);
    void parse_statement();
    void parse_simple_line();
    Stmt* parse_simple_statement();
    void end_simple_statement(const Stmt* statement);
    Stmt* parse_expression_statement();
    Stmt* parse_assignment(uint32_t begin, Expr* first);
    Stmt* parse_annotated(uint32_t begin, Expr* target);
    Stmt* parse_let();
    Stmt* parse_jump(StmtKind stmt_kind);
    Stmt* parse_return();
    Stmt* parse_raise();
    Stmt* parse_assert();
    Stmt* parse_delete();
    Stmt* parse_scope_names(StmtKind stmt_kind);
    Stmt* parse_type_alias();
    Expr* parse_right_side();
    Body parse_block(std::string_view what, Span header);
    Body parse_loop_body(std::string_view what, Span header);
    Body parse_optional_else(std::string_view what);
    void parse_orphan_block();
    // --- compound statements (parser_compound.cpp)
    Stmt* parse_if();
    Stmt* parse_while();
    Stmt* parse_for(uint32_t begin);
    Stmt* parse_try();
    Stmt* parse_with(uint32_t begin);
    bool parse_with_items(std::vector<WithItem>& items);
    void parse_with_item(std::vector<WithItem>& items);
    Stmt* parse_async();
    Stmt* parse_orphan_clause();
    // --- definitions and imports (parser_definitions.cpp)
    Stmt* parse_decorated();
    Stmt* parse_function(uint32_t begin, Exprs decorators, bool is_async);
    Stmt* parse_class(uint32_t begin, Exprs decorators);
    std::span<const Param> parse_params(TokenKind closer, bool annotated);
    void check_params(const std::vector<Param>& params);
    std::span<const std::string_view> parse_type_params();
    std::string_view parse_definition_name(std::string_view what, Span& span);
    Stmt* parse_import(StmtKind stmt_kind);
    Stmt* parse_from_import();
    void check_rimport_place(Span keyword);
    std::string_view parse_dotted_name(Span& span);
    std::string_view parse_import_alias();
    // --- match (parser_patterns.cpp)
    bool at_match_statement();
    Stmt* parse_match();
    Pattern* parse_case_patterns();
    Pattern* parse_as_pattern();
    Pattern* parse_or_pattern();
    Pattern* parse_closed_pattern();
    Pattern* parse_literal_pattern();
    Pattern* parse_name_pattern();
    Pattern* parse_class_pattern(uint32_t begin, Expr* callee);
    Pattern* parse_group_or_sequence(TokenKind closer);
    Pattern* parse_star_pattern();
    Pattern* parse_mapping_pattern();
    Pattern* make_pattern(PatternKind pattern_kind, Span span);
    using Bindings = std::vector<std::pair<std::string_view, Span>>;
    void collect_bindings(const Pattern& pattern, Bindings& bindings);
    void check_pattern(const Pattern& pattern);
    void check_stars(const Pattern& pattern);
    [[nodiscard]] static bool is_irrefutable(const Pattern& pattern);
    // --- expressions (parser_expressions.cpp)
    Expr* parse_star_expressions(std::string_view where);
    Expr* parse_star_or_expression();
    Expr* parse_named();
    Expr* parse_star_or_named();
    Expr* parse_expression();
    Expr* parse_disjunction();
    Expr* parse_conjunction();
    Expr* parse_inversion();
    Expr* parse_comparison();
    Expr* parse_range();
    Expr* parse_binary(int lowest);
    Expr* parse_unary();
    Expr* parse_power(bool negated);
    Expr* parse_postfix(bool negated);
    Expr* parse_call(Expr* callee);
    void check_keywords(const std::vector<KeywordArg>& keywords);
    Expr* parse_subscript(Expr* object);
    Expr* parse_slice();
    Expr* parse_lambda();
    Expr* parse_yield();
    Expr* parse_target_list();
    Expr* missing_expression();
    // --- atoms (parser_atoms.cpp)
    Expr* parse_atom(bool negated);
    Expr* parse_number(bool negated);
    Expr* parse_paren();
    Expr* parse_list();
    Expr* parse_brace();
    Expr* parse_dict(uint32_t begin, Expr* first_key);
    Expr* parse_comprehension(ComprehensionKind comprehension, uint32_t begin, Expr* element, Expr* value,
                              uint32_t yields_before);
    [[nodiscard]] bool at_comprehension();
    // --- strings (parser_strings.cpp)
    Expr* parse_strings();
    Expr* parse_joined_strings(const Token& first, std::string text);
    uint32_t parse_fstring_into(std::vector<FStringPart>& parts, std::string& text, uint32_t& text_begin);
    FStringPart parse_replacement();
    FStringExpr* parse_format_spec();
    void decode_text(Span span, uint8_t flags, bool doubled_braces, std::string& out);
    uint32_t decode_escape(uint32_t at, uint32_t end, bool bytes, std::string& out);
    void flush_text(std::vector<FStringPart>& parts, std::string& text, Span span);
    // --- targets (parser_targets.cpp)
    enum class TargetUse : uint8_t { kAssign, kFor, kWith, kDelete };
    void check_target(const Expr* target, TargetUse use, bool nested = false);
    void check_augmented_target(const Expr* target);
    [[nodiscard]] std::string name_of_kind(const Expr* e) const;

    // Counts a recursion; false past the limit, when the caller returns an error node.
    class Recursion {
      public:
        explicit Recursion(Parser& parser) : parser_(parser) { ++parser_.recursion_; }
        ~Recursion() { --parser_.recursion_; }
        Recursion(const Recursion&) = delete;
        Recursion& operator=(const Recursion&) = delete;
        [[nodiscard]] bool too_deep();

      private:
        Parser& parser_;
    };
    // A bracket the parser is inside of; opens at the current token, which it consumes.
    class Inside {
      public:
        explicit Inside(Parser& parser) : parser_(parser) {
            parser_.open_brackets_.push_back(parser_.current_.span());
            parser_.advance();
        }
        ~Inside() { parser_.open_brackets_.pop_back(); }
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;

      private:
        Parser& parser_;
    };
    class InScope {
      public:
        InScope(Parser& parser, ScopeKind kind, bool is_async = false)
            : parser_(parser), scope_{parser.scope_, kind, is_async} {
            parser_.scope_ = &scope_;
        }
        ~InScope() { parser_.scope_ = scope_.parent; }
        InScope(const InScope&) = delete;
        InScope& operator=(const InScope&) = delete;
        [[nodiscard]] const Scope& scope() const { return scope_; }

      private:
        Parser& parser_;
        Scope scope_;
    };
    void close(TokenKind closer, std::string_view what);

    const SourceFile& file_;
    std::string_view text_;
    AstArena& arena_;
    DiagnosticEngine& diagnostics_;
    size_t errors_before_;
    Lexer lexer_;
    Token current_;
    uint32_t prev_end_ = 0;
    std::vector<Token> ahead_;
    size_t next_ahead_ = 0;
    uint32_t statement_begin_ = 0;
    bool panicking_ = false;
    bool incomplete_ = false;
    bool orphan_expected_ = false;  // the line was not understood: a block after it is no second error
    bool subscript_ = false;        // directly inside [ ]: a range may be open at an end
    uint32_t recursion_ = 0;
    Scope module_scope_{nullptr, ScopeKind::kModule};
    Scope* scope_ = &module_scope_;
    std::vector<Span> open_brackets_;
    std::vector<Expr*> expr_stack_;
    std::vector<Stmt*> stmt_stack_;
    std::vector<Token> unary_stack_;
};

[[nodiscard]] bool starts_expression(TokenKind kind);
[[nodiscard]] std::string quoted(std::string_view text);  // 'text'

}  // namespace kayton::syntax
