#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        const std::string_view body = trim(file.text());
        if (file.kind == FileKind::page) {
            const std::size_t php = file.text().find("<?php");
            const std::size_t echo = file.text().find("<?=");
            if (php != std::string::npos || echo != std::string::npos) {
                // As an example inside a script or a text area it is text like any other.
                const std::size_t at = php != std::string::npos ? php : echo;
                bool shown = false;
                for (const Located& one : file.facts.code.strings)
                    shown = shown || contains(one.text, "<?php") || contains(one.text, "<?=");
                if (!shown && !contains(file.facts.page.text, "<?php"))
                    judge.block(&file, at, "the page is written in PHP",
                                "write it in plain HTML, CSS and JavaScript: nothing runs PHP here");
            }
            if (!body.empty() && body.front() != '<' &&
                (starts_with(body, "import React") || starts_with(body, "import {") ||
                 starts_with(body, "export default") || starts_with(body, "'use client'") ||
                 starts_with(body, "\"use client\"") || starts_with(body, "const ") || starts_with(body, "function ") ||
                 starts_with(body, "import ")))
                judge.block(&file, 0, "the file is JavaScript, not a page",
                            "give one self-contained HTML page that begins with <!DOCTYPE html>");
            continue;
        }
        if ((file.kind == FileKind::javascript || file.kind == FileKind::python) && !body.empty() &&
            body.front() == '<' &&
            (starts_with(ascii_lower(body.substr(0, 15)), "<!doctype html") ||
             starts_with(ascii_lower(body.substr(0, 5)), "<html")))
            judge.block(&file, 0, "the file is an HTML page, not a program", "give the program itself");
    }
}

}  // namespace

const Rule wrong_language{
    {"wrong-language", Severity::block, "text",
     "A file in another language than its name says: PHP or JavaScript as a page, a page as a program.",
     "Nothing here would run it."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
