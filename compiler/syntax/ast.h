// The abstract syntax tree of one file or cell. Nodes live in an AstArena and are trivially destructible; strings and
// arrays point into the arena or the source. Nodes are immutable once parsed, and shared by every instance of a
// generic function: what inference finds stands in the typed program, never here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "compiler/source/source.h"

namespace kayton::syntax {

class AstArena {
  public:
    template <typename T, typename... Args>
    T* make(Args&&... args) {
        static_assert(std::is_trivially_destructible_v<T>);
        return new (allocate(sizeof(T), alignof(T))) T{std::forward<Args>(args)...};
    }
    template <typename T>
    std::span<T> copy(const std::vector<T>& items) {
        return copy(std::span<const T>(items));
    }
    template <typename T>
    std::span<T> copy(std::span<const T> items) {
        static_assert(std::is_trivially_copyable_v<T>);
        if (items.empty()) return {};
        auto* data = static_cast<T*>(allocate(sizeof(T) * items.size(), alignof(T)));
        std::memcpy(static_cast<void*>(data), items.data(), sizeof(T) * items.size());
        return {data, items.size()};
    }
    std::string_view copy(std::string_view text) {
        if (text.empty()) return {};
        auto* data = static_cast<char*>(allocate(text.size(), 1));
        std::memcpy(data, text.data(), text.size());
        return {data, text.size()};
    }

  private:
    void* allocate(size_t size, size_t align) {
        size_t at = (used_ + align - 1) & ~(align - 1);
        if (blocks_.empty() || at + size > capacity_) {
            const size_t block = blocks_.size() < 4 ? kFirstBlock : kBlock;  // most cells are small
            capacity_ = size > block ? size : block;
            blocks_.push_back(std::make_unique_for_overwrite<std::max_align_t[]>(capacity_ / sizeof(std::max_align_t) + 1));
            at = 0;
        }
        used_ = at + size;
        return reinterpret_cast<char*>(blocks_.back().get()) + at;
    }
    static constexpr size_t kFirstBlock = size_t{8} << 10;
    static constexpr size_t kBlock = size_t{64} << 10;
    std::vector<std::unique_ptr<std::max_align_t[]>> blocks_;
    size_t used_ = 0;
    size_t capacity_ = 0;
};

enum class ExprKind : uint8_t {
    kError,  // the parser has reported it; checks are silent about it
    kName, kInt, kFloat, kStr, kBytes, kBool, kNone, kEllipsis, kFString,
    kTuple, kList, kSet, kDict, kComprehension,
    kUnary, kBinary, kBoolOp, kCompare, kConditional, kCall, kAttribute, kSubscript, kSlice,
    kLambda, kStarred, kNamedExpr, kRange, kYield, kYieldFrom, kAwait,
};

enum class StmtKind : uint8_t {
    kError, kExpr, kAssign, kAugAssign, kAnnAssign, kIf, kWhile, kFor, kBreak, kContinue, kPass, kReturn, kRaise, kTry,
    kWith, kAssert, kDelete, kFunction, kClass, kImport, kFromImport, kRimport, kFromRimport, kGlobal, kNonlocal, kMatch,
    kTypeAlias,
};

// No expression is higher than this, so a pass may recurse over one; longer chains are kNestingTooDeep.
inline constexpr uint32_t kMaxExpressionHeight = 2000;

struct Expr {
    ExprKind kind;
    uint16_t height;  // of the tree: 1 without children
    Span span;
};
struct Stmt {
    StmtKind kind;
    Span span;
};
using Body = std::span<Stmt* const>;
using Exprs = std::span<Expr* const>;

// --- expressions

struct NameExpr : Expr { std::string_view name; };
struct IntExpr : Expr {
    uint64_t value;  // magnitude; a literal past 2^63 is reported by the parser (kInvalidLiteral), except exactly 2^63
    bool is_2_63;    // 9223372036854775808, valid only as the operand of unary minus
};
struct FloatExpr : Expr { double value; };
struct StrExpr : Expr { std::string_view value; };  // decoded UTF-8, adjacent literals joined
struct BytesExpr : Expr { std::string_view value; };
struct BoolExpr : Expr { bool value; };
struct FStringPart {
    std::string_view text;       // literal part when `value` is null
    Expr* value;
    char conversion;             // 'r', 's', 'a' or 0; f"{x=}" without a spec has 'r', as in CPython
    std::string_view debug_text; // f"{x = }": the source text with its "=", else empty
    struct FStringExpr* spec;    // nested format spec, or null
    Span span;
};
struct FStringExpr : Expr { std::span<const FStringPart> parts; };
struct SequenceExpr : Expr { Exprs items; };  // kTuple, kList, kSet; items may be kStarred
struct DictItem { Expr* key; Expr* value; };  // key null: **value
struct DictExpr : Expr { std::span<const DictItem> items; };
struct ComprehensionClause {
    Expr* target;
    Expr* iterable;
    Exprs conditions;
};
enum class ComprehensionKind : uint8_t { kList, kSet, kDict, kGenerator };
struct ComprehensionExpr : Expr {
    ComprehensionKind comprehension;
    Expr* element;  // the key for kDict
    Expr* value;    // kDict only
    std::span<const ComprehensionClause> clauses;
};
enum class UnaryOp : uint8_t { kMinus, kPlus, kInvert, kNot };
struct UnaryExpr : Expr { UnaryOp op; Expr* operand; };
enum class BinaryOp : uint8_t { kAdd, kSub, kMul, kDiv, kFloorDiv, kMod, kPow, kMatMul, kLShift, kRShift, kBitAnd, kBitOr, kBitXor };
struct BinaryExpr : Expr { BinaryOp op; Expr* left; Expr* right; Span op_span; };
struct BoolOpExpr : Expr { bool is_and; Exprs operands; };
enum class CompareOp : uint8_t { kEq, kNe, kLt, kLe, kGt, kGe, kIs, kIsNot, kIn, kNotIn };
struct CompareExpr : Expr { Expr* first; std::span<const CompareOp> ops; Exprs rest; };
struct ConditionalExpr : Expr { Expr* condition; Expr* then_value; Expr* else_value; };
struct KeywordArg {
    std::string_view name;  // empty: **value
    Expr* value;
    Span span;
};
struct CallExpr : Expr {
    Expr* callee;
    Exprs args;  // may hold kStarred
    std::span<const KeywordArg> keywords;
};
struct AttributeExpr : Expr { Expr* object; std::string_view name; Span name_span; };
struct SubscriptExpr : Expr { Expr* object; Expr* index; };  // index may be kSlice or a kTuple holding slices
struct SliceExpr : Expr { Expr* start; Expr* stop; Expr* step; };  // each may be null
struct StarredExpr : Expr { Expr* value; };
struct NamedExpr : Expr { NameExpr* target; Expr* value; };
struct RangeExpr : Expr { Expr* start; Expr* stop; bool inclusive; };  // 0..10, 0..=10; start or stop may be null in a crate's slice
struct YieldExpr : Expr { Expr* value; };  // kYield (value may be null), kYieldFrom, kAwait

enum class ParamKind : uint8_t { kPositionalOnly, kNormal, kVarArgs, kKeywordOnly, kVarKeywords };
struct Param {
    std::string_view name;
    Span span;
    Expr* annotation;  // or null
    Expr* default_value;
    ParamKind kind;
};
struct LambdaExpr : Expr { std::span<const Param> params; Expr* body; };

// --- statements

struct ExprStmt : Stmt { Expr* value; };
struct AssignStmt : Stmt { Exprs targets; Expr* value; };  // a = b = value: two targets
struct AugAssignStmt : Stmt { Expr* target; BinaryOp op; Expr* value; Span op_span; };
struct AnnAssignStmt : Stmt { Expr* target; Expr* annotation; Expr* value; bool is_let; };  // annotation null: `let n = 1`; value may be null
struct IfStmt : Stmt { Expr* condition; Body body; Body else_body; };  // elif: an IfStmt alone in else_body
struct WhileStmt : Stmt { Expr* condition; Body body; Body else_body; };
struct ForStmt : Stmt { Expr* target; Expr* iterable; Body body; Body else_body; };
struct SimpleStmt : Stmt {};  // kBreak, kContinue, kPass, kError
struct ReturnStmt : Stmt { Expr* value; };
struct RaiseStmt : Stmt { Expr* value; Expr* cause; };
struct ExceptHandler {
    Expr* type;  // null: bare except; may be a tuple
    std::string_view name;
    Span name_span;
    Body body;
    Span span;
};
struct TryStmt : Stmt { Body body; std::span<const ExceptHandler> handlers; Body else_body; Body finally_body; };
struct WithItem { Expr* context; Expr* target; };
struct WithStmt : Stmt { std::span<const WithItem> items; Body body; };
struct AssertStmt : Stmt { Expr* condition; Expr* message; };
struct DeleteStmt : Stmt { Exprs targets; };
struct FunctionStmt : Stmt {
    std::string_view name;
    Span name_span;
    std::span<const Param> params;
    Expr* returns;
    Body body;
    Exprs decorators;
    std::span<const std::string_view> type_params;
    bool is_fn;         // `fn`: the value of the last expression statement is returned
    bool is_async;
    bool is_generator;  // the body holds a yield of its own
};
struct ClassStmt : Stmt {
    std::string_view name;
    Span name_span;
    Exprs bases;
    std::span<const KeywordArg> keywords;
    Body body;
    Exprs decorators;
    std::span<const std::string_view> type_params;
};
struct ImportName {
    std::string_view path;   // "os.path"; for from-imports a plain name, or "*"
    std::string_view alias;  // empty: none
    Span span;
};
struct ImportStmt : Stmt { std::span<const ImportName> names; };  // kImport, kRimport
struct FromImportStmt : Stmt {                                    // kFromImport, kFromRimport
    std::string_view module;  // "a.b"; may be empty with level > 0
    Span module_span;
    int level;
    std::span<const ImportName> names;
};
struct NamesStmt : Stmt { std::span<const std::string_view> names; };  // kGlobal, kNonlocal

enum class PatternKind : uint8_t { kWildcard, kCapture, kLiteral, kValue, kSequence, kStar, kMapping, kClass, kOr, kAs };
struct Pattern {
    PatternKind kind;
    Span span;
    std::string_view name;               // capture, star (empty: *_), as, mapping's **rest
    Expr* value;                         // literal, dotted value, class
    std::span<Pattern* const> children;  // sequence, or, class positions, mapping values, as (one)
    std::span<Expr* const> keys;         // mapping
    std::span<const std::string_view> keyword_names;  // class keywords: the last keyword_names.size() children
};
struct MatchCase { Pattern* pattern; Expr* guard; Body body; Span span; };
struct MatchStmt : Stmt { Expr* subject; std::span<const MatchCase> cases; };
struct TypeAliasStmt : Stmt { std::string_view name; Expr* value; std::span<const std::string_view> type_params; };

struct Module {
    const SourceFile* file = nullptr;
    Body body;
};

template <typename T>
const T& as(const Expr& e) { return static_cast<const T&>(e); }
template <typename T>
const T& as(const Stmt& s) { return static_cast<const T&>(s); }

}  // namespace kayton::syntax
