// What holds for the page's code holds for what tests it.
import web from '../web/eslint.config.js';

export default [
  { ignores: ['**/node_modules/', 'eslint.config.js'] },
  ...web,
  { languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } } },
];
