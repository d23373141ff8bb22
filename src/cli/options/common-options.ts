import type { OptionSpecs } from './command.js';

/** For commands that open images or write records; `program.ts` loads them before the command runs. */
export const PLUGIN_OPTION_SPECS: OptionSpecs = {
  plugin: {
    multiple: true,
    value: 'MODULE',
    help: 'load a plug-in: an ES module, or a package that has image formats, source schemes, symbol sources or output formats; it is code that runs with your rights',
  },
};

export const QUIET_OPTION_SPECS: OptionSpecs = { quiet: { short: 'q', help: 'say nothing but errors' } };

/** For commands that select tags. */
export const TAG_OPTION_SPECS: OptionSpecs = {
  tag: {
    multiple: true,
    value: 'PATTERN',
    help: "only tags that fit: * any characters, ? one, as in 'Nt*'",
  },
  exclude: { multiple: true, value: 'PATTERN', help: 'leave out tags that fit' },
};

export const LOG_FORMS = ['text', 'json'] as const;

/** For commands that work on many images at once. */
export const JOB_OPTION_SPECS: OptionSpecs = {
  jobs: { short: 'j', value: 'N', default: 'as many as there are cores', help: 'images at once' },
  log: {
    value: 'FORM',
    choices: LOG_FORMS,
    default: 'text',
    help: 'what is said on standard error: text, or json, one object a line for each image',
  },
};
