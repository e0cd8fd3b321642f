import js from '@eslint/js'
import vue from 'eslint-plugin-vue'
import accessibility from 'eslint-plugin-vuejs-accessibility'
import globals from 'globals'
import ts from 'typescript-eslint'

export default ts.config(
  { ignores: ['dist', 'node_modules', 'src/shared/api/schema.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...vue.configs['flat/recommended'],
  ...accessibility.configs['flat/recommended'],
  {
    files: ['**/*.vue', '**/*.ts'],
    languageOptions: { globals: globals.browser, parserOptions: { parser: ts.parser } },
    rules: {
      // types are what vue-tsc looks at
      'no-undef': 'off',
    },
  },
  {
    rules: {
      // how a template is broken into lines is its author's
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-indent': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/multi-word-component-names': 'off',
      // absent is a value here: exactOptionalPropertyTypes
      'vue/require-default-prop': 'off',
      'vue/no-v-html': 'error',
      // a label by `for` or around its field: either one will do
      'vuejs-accessibility/label-has-for': ['error', { required: { some: ['nesting', 'id'] } }],
      'vuejs-accessibility/form-control-has-label': 'off', // axe looks at the page as it is
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'vue-i18n', message: 'Use @/shared/language/language.' }] },
      ],
    },
  },
  { files: ['src/shared/language/language.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['src/public/**', 'src/shared/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['element-plus', 'element-plus/*'], message: 'The public page carries no Element Plus.' },
          ],
        },
      ],
    },
  },
  { files: ['public/*.js', 'build/**'], languageOptions: { globals: { ...globals.browser, ...globals.node } }, rules: { 'no-var': 'off' } },
)
