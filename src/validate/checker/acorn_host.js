// What is added to acorn: syntax newer than the packaged version, and hot paths moved to native code.
// ES5, because it runs in Duktape. The host sets native* before this file is evaluated.
/* global acorn, nativeSkip, nativeWord, nativeHasNewline, nativeStrictDirective, nativePlain */
(function (global) {
    'use strict';
    var types = acorn.tokTypes;
    var newer = [];  // constructs that an older runtime does not know, noted while parsing

    function subclass(base) {
        function Parser(options, input, start) { base.call(this, options, input, start); }
        // Flat on purpose: each level of a prototype chain costs a lookup on every access.
        for (var proto = base.prototype; proto && proto !== Object.prototype; proto = Object.getPrototypeOf(proto)) {
            Object.getOwnPropertyNames(proto).forEach(function (name) {
                if (!Object.prototype.hasOwnProperty.call(Parser.prototype, name) || name === 'constructor') {
                    Object.defineProperty(Parser.prototype, name, Object.getOwnPropertyDescriptor(proto, name));
                }
            });
        }
        return Parser;
    }

    function note(parser, what) { newer.push({ what: what, at: parser.start }); }

    // Import attributes, regular expression flag v, modifiers and duplicate group names: ECMAScript 2024 and 2025.
    var Modern = subclass(acorn.Parser);
    (function (proto, base) {
        function attributes(parser) {
            note(parser, 'import attributes');
            parser.next();
            parser.expect(types.braceL);
            while (!parser.eat(types.braceR)) {
                if (parser.type === types.string) { parser.parseExprAtom(); } else { parser.parseIdent(true); }
                parser.expect(types.colon);
                if (parser.type !== types.string) { parser.unexpected(); }
                parser.parseExprAtom();
                if (parser.type !== types.braceR) { parser.expect(types.comma); }
            }
        }
        proto.semicolon = function () {
            if (this.inSource && this.type === types._with ||
                this.inSource && this.isContextual('assert') && !this.canInsertSemicolon()) {
                var before = this.input.charAt(this.lastTokEnd - 1);
                if (before === '"' || before === '\'') { attributes(this); }
            }
            return base.semicolon.call(this);
        };
        ['parseImport', 'parseExport'].forEach(function (name) {
            proto[name] = function (node, extra) {
                this.inSource = true;
                var result = base[name].call(this, node, extra);
                this.inSource = false;
                return result;
            };
        });
        proto.parseDynamicImport = function (node) {
            this.next();
            node.source = this.parseMaybeAssign();
            if (this.eat(types.comma) && this.type !== types.parenR) {
                note(this, 'import attributes');
                this.parseMaybeAssign();
                this.eat(types.comma);
            }
            this.expect(types.parenR);
            return this.finishNode(node, 'ImportExpression');
        };
        proto.validateRegExpFlags = function (state) {
            if (state.flags.indexOf('v') < 0) { return base.validateRegExpFlags.call(this, state); }
            note(this, 'regular expression flag v');
            var seen = {};
            for (var i = 0; i < state.flags.length; i++) {
                var flag = state.flags.charAt(i);
                if ('dgimsvy'.indexOf(flag) < 0 || seen[flag]) { this.raise(state.start, 'Invalid regular expression flag'); }
                seen[flag] = true;
            }
        };
        proto.validateRegExpPattern = function (state) {
            // The set notation of flag v and the modifiers are beyond this parser: only a runtime can judge them.
            if (state.flags.indexOf('v') >= 0) { return; }
            if (/\(\?[ims]*-?[ims]*:/.test(state.source.replace(/\(\?:/g, ''))) { note(this, 'regular expression modifiers'); return; }
            try { base.validateRegExpPattern.call(this, state); } catch (error) {
                if (!/Duplicate capture group name/.test(error.message)) { throw error; }
                note(this, 'duplicate group names');
            }
        };
    })(Modern.prototype, acorn.Parser.prototype);

    // The same grammar with the loops over single characters in native code. It reads ASCII only; the host replaces every
    // other character by U+0001, which no token allows outside strings, comments, templates and regular expressions.
    var Fast = subclass(Modern);
    (function (proto) {
        var sets = {};
        function wordSet(pattern) {
            if (sets[pattern.source]) { return sets[pattern.source]; }
            var words = Object.create(null);
            pattern.source.replace('^(?:', '').replace(')$', '').split('|').forEach(function (word) { words[word] = true; });
            return (sets[pattern.source] = { test: function (word) { return words[word] === true; } });
        }
        Fast.prepare = function (parser) {
            ['keywords', 'reservedWords', 'reservedWordsStrict', 'reservedWordsStrictBind'].forEach(function (name) {
                parser[name] = wordSet(parser[name]);
            });
            return parser;
        };
        proto.skipSpace = nativeSkip;
        proto.readWord1 = nativeWord;
        proto.strictDirective = nativeStrictDirective;
        proto.readString = function (quote) {
            // Joined at the end: adding to a text copies it.
            var parts = [], from = ++this.pos;
            for (;;) {
                var to = nativePlain(from, quote);
                if (to >= this.input.length) { this.raise(this.start, 'Unterminated string constant'); }
                var code = this.input.charCodeAt(to);
                if (to > from) { parts.push(this.input.slice(from, to)); }
                this.pos = to;
                if (code === quote) { break; }
                if (code !== 92) { this.raise(this.start, 'Unterminated string constant'); }
                parts.push(this.readEscapedChar(false));
                from = this.pos;
            }
            ++this.pos;
            return this.finishToken(types.string, parts.length === 1 ? parts[0] : parts.join(''));
        };
        var baseTemplate = proto.readTmplToken;
        proto.readTmplToken = function () {
            var to = nativePlain(this.pos, 96);
            var code = to < this.input.length ? this.input.charCodeAt(to) : 0;
            // The exact reader takes what is left: escapes, and the marks themselves.
            if (to === this.pos || code !== 96 && code !== 36) { return baseTemplate.call(this); }
            var out = this.input.slice(this.pos, to);
            this.pos = to;
            return this.finishToken(types.template, out);
        };
        // Asked of every name: most are no word that could be reserved anywhere.
        var baseUnreserved = proto.checkUnreserved;
        proto.checkUnreserved = function (ref) {
            var name = ref.name;
            if (name === 'yield' || name === 'await' || name === 'arguments' || this.keywords.test(name) ||
                (this.strict ? this.reservedWordsStrict : this.reservedWords).test(name)) { baseUnreserved.call(this, ref); }
        };
        // A list of names that does not grow slower. acorn asks a list for indexOf, push and its first element.
        function Names(list) {
            this.map = Object.create(null);
            this[0] = list[0];
            for (var i = 0; i < list.length; i++) { this.map[list[i]] = true; }
        }
        Names.prototype.push = function (name) { this.map[name] = true; };
        Names.prototype.indexOf = function (name) { return this.map[name] === true ? 0 : -1; };
        function widen(scope) {
            if (scope['var'].length > 60) { scope['var'] = new Names(scope['var']); }
            if (scope.lexical.length > 60) { scope.lexical = new Names(scope.lexical); }
            if (scope.functions.length > 60) { scope.functions = new Names(scope.functions); }
        }
        var baseDeclare = proto.declareName;
        proto.declareName = function (name, type, pos) {
            widen(this.currentScope());
            widen(this.currentVarScope());
            return baseDeclare.call(this, name, type, pos);
        };
        proto.canInsertSemicolon = function () {
            return this.type === types.eof || this.type === types.braceR || nativeHasNewline(this.lastTokEnd, this.start);
        };
        proto.next = function (ignoreEscapeSequenceInKeyword) {
            if (!ignoreEscapeSequenceInKeyword && this.type.keyword && this.containsEsc) {
                this.raiseRecoverable(this.start, 'Escape sequence in keyword ' + this.type.keyword);
            }
            this.lastTokEnd = this.end;
            this.lastTokStart = this.start;
            this.nextToken();
        };
        proto.nextToken = function () {
            var context = this.context[this.context.length - 1];
            if (!context || !context.preserveSpace) { this.skipSpace(); }
            var pos = this.start = this.pos;
            if (pos >= this.input.length) { return this.finishToken(types.eof); }
            if (context.override) { return context.override(this); }
            var code = this.input.charCodeAt(pos);
            if (code >= 97 && code <= 122 || code >= 65 && code <= 90 || code === 36 || code === 95) { return this.readWord(); }
            this.readToken(code);
        };
        proto.readWord = function () {
            var word = this.readWord1();
            return this.finishToken(this.keywords.test(word) ? acorn.keywordTypes[word] : types.name, word);
        };
    })(Fast.prototype);

    function options(goal, comments) {
        return {
            ecmaVersion: 'latest', sourceType: goal === 'module' ? 'module' : 'script', allowHashBang: true,
            allowReturnOutsideFunction: goal === 'function', onComment: comments
        };
    }

    // The host calls these two. Either returns {tree, newer, comments} or throws; only the verdict of parseExact counts as one.
    global.parseFast = function (code, goal) {
        newer = [];
        return { tree: Fast.prepare(new Fast(options(goal), code)).parse(), newer: newer };
    };
    global.parseExact = function (code, goal) {
        newer = [];
        var comments = [];
        return { tree: new Modern(options(goal, comments), code).parse(), newer: newer, comments: comments };
    };
})(this);
