#include "kik/cargo/recipe.h"

#include <nlohmann/json.hpp>

#include "kik/cargo/cache.h"
#include "shared/text_file.h"

namespace kayton::kik {

Result<Recipe> parse_recipe(const std::string& text, const std::string& where) {
    Recipe recipe;
    recipe.text = text;
    try {
        const nlohmann::json json = nlohmann::json::parse(text);
        recipe.features = json.value("features", std::vector<std::string>());
        for (const nlohmann::json& each : json.value("functions", nlohmann::json::array())) {
            bindgen::RecipeFunction function;
            function.name = each.at("name").get<std::string>();
            for (const nlohmann::json& param : each.at("params"))
                function.params.emplace_back(param.at(0).get<std::string>(), param.at(1).get<std::string>());
            function.result = each.at("result").get<std::string>();
            function.rust = each.at("rust").get<std::string>();
            function.doc = each.value("doc", "");
            recipe.functions.push_back(std::move(function));
        }
    } catch (const nlohmann::json::exception& problem) {
        return fail(ErrorKind::kInternal, where + " cannot be read: " + problem.what(), "Install Kayton again");
    }
    return recipe;
}

Result<Recipe> read_recipe(const std::string& crate) {
    const Result<std::filesystem::path> sdk = sdk_folder();
    if (!sdk) return tl::unexpected<Error>(sdk.error());
    const std::filesystem::path file = sdk->parent_path() / "recipes" / crate / "recipe.json";
    std::error_code error;
    if (!std::filesystem::exists(file, error)) return Recipe{};
    const Result<std::string> text = read_text_file(file);
    if (!text) return tl::unexpected<Error>(text.error());
    return parse_recipe(*text, file.string());
}

}  // namespace kayton::kik
