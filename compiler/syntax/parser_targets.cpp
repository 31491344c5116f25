// What may stand on the left of an assignment.
#include <string>

#include "compiler/syntax/parser_impl.h"

namespace kayton::syntax {

std::string Parser::name_of_kind(const Expr* e) const {
    switch (e->kind) {
        case ExprKind::kName: return "a name in parentheses";
        case ExprKind::kInt:
        case ExprKind::kFloat: return "a number";
        case ExprKind::kStr: return "a string";
        case ExprKind::kBytes: return "a bytes literal";
        case ExprKind::kFString: return "an f-string";
        case ExprKind::kBool:
        case ExprKind::kNone: return std::string(text_of(e->span));
        case ExprKind::kEllipsis: return "'...'";
        case ExprKind::kTuple: return "a tuple";
        case ExprKind::kList: return "a list";
        case ExprKind::kSet: return "a set display";
        case ExprKind::kDict: return "a dict display";
        case ExprKind::kComprehension: return "a comprehension";
        case ExprKind::kCompare: return "a comparison";
        case ExprKind::kConditional: return "a conditional expression";
        case ExprKind::kCall: return "the result of a call";
        case ExprKind::kAttribute: return "an attribute";
        case ExprKind::kSubscript: return "a subscript";
        case ExprKind::kLambda: return "a lambda";
        case ExprKind::kStarred: return "a starred expression";
        case ExprKind::kNamedExpr: return "a ':=' expression";
        case ExprKind::kRange: return "a range";
        case ExprKind::kYield:
        case ExprKind::kYieldFrom: return "a yield expression";
        case ExprKind::kAwait: return "an await expression";
        default: return "an expression";
    }
}

void Parser::check_target(const Expr* target, TargetUse use, bool nested) {
    switch (target->kind) {
        case ExprKind::kError:
        case ExprKind::kName:
        case ExprKind::kAttribute:
        case ExprKind::kSubscript: return;
        case ExprKind::kStarred:
            if (use == TargetUse::kDelete) {
                complain(DiagCode::kBadTarget, target->span, "cannot delete a starred expression");
            } else if (!nested) {
                complain(DiagCode::kBadTarget, target->span, "a starred target needs a list or tuple around it", {},
                         "put a comma after it");
            } else {
                const Expr* value = as<StarredExpr>(*target).value;
                if (value->kind == ExprKind::kStarred) {
                    complain(DiagCode::kBadTarget, value->span, "cannot assign to " + name_of_kind(value));
                } else {
                    check_target(value, use, true);
                }
            }
            return;
        case ExprKind::kTuple:
        case ExprKind::kList: {
            const Expr* starred = nullptr;
            for (const Expr* item : as<SequenceExpr>(*target).items) {
                if (item->kind == ExprKind::kStarred && use != TargetUse::kDelete) {
                    if (starred != nullptr) {
                        Diagnostic& diagnostic = complain(DiagCode::kBadTarget, item->span,
                                                          "only one target of an assignment can be starred");
                        diagnostic.secondary.push_back({&file_, starred->span, "the first one"});
                    }
                    starred = item;
                }
                check_target(item, use, true);
            }
            return;
        }
        default: break;
    }
    std::string help;
    if (use == TargetUse::kAssign && !nested &&
        (target->kind == ExprKind::kCall || target->kind == ExprKind::kCompare || target->kind == ExprKind::kBinary ||
         target->kind == ExprKind::kInt || target->kind == ExprKind::kStr || target->kind == ExprKind::kUnary)) {
        help = "to compare, write '=='";
    }
    complain(DiagCode::kBadTarget, target->span,
             (use == TargetUse::kDelete ? "cannot delete " : "cannot assign to ") + name_of_kind(target), {},
             std::move(help));
}

void Parser::check_augmented_target(const Expr* target) {
    switch (target->kind) {
        case ExprKind::kError:
        case ExprKind::kName:
        case ExprKind::kAttribute:
        case ExprKind::kSubscript: return;
        default:
            complain(DiagCode::kBadTarget, target->span, "cannot assign in place to " + name_of_kind(target),
                     "must be a name, an attribute or a subscript");
    }
}

}  // namespace kayton::syntax
