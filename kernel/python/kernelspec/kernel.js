// The classic notebook's CodeMirror mode for Kayton: Python's, with Kayton's own words.
define(["codemirror/lib/codemirror", "codemirror/mode/python/python"], function (CodeMirror) {
    "use strict";
    return {
        onload: function () {
            CodeMirror.defineMode("kayton", function (config, options) {
                return CodeMirror.getMode(config, Object.assign({}, options, {
                    name: "python", version: 3, extra_keywords: ["rimport", "fn"],
                    extra_builtins: ["display", "update_display", "clear_output", "progress"],
                }));
            });
            CodeMirror.defineMIME("text/x-kayton", "kayton");
        },
    };
});
