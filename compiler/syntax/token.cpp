#include "compiler/syntax/token.h"

namespace kayton::syntax {

std::string_view token_text(TokenKind kind) {
    switch (kind) {
#define KT_TOKEN(id, text) \
    case TokenKind::id: return text;
        KT_TOKENS(KT_TOKEN)
#undef KT_TOKEN
#define KT_KEYWORD(id, text) \
    case TokenKind::id: return "'" text "'";
        KT_KEYWORDS(KT_KEYWORD)
#undef KT_KEYWORD
    }
    return "";
}

}  // namespace kayton::syntax
