/** The rules of a model family. The trainer, which defines them, checks at compile time that none is missing. */
export const familyRules = {
  name: true,
  title: true,
  modelTypes: true,
  config: true,
  linearModules: true,
  modulePath: true,
  parameters: true,
  initialise: true,
  decoder: true,
  huggingFace: true,
  gguf: true,
} as const;

/** Whether an export has every rule of a family, for modules that no compiler has checked. */
export const hasFamilyRules = (exported: unknown): boolean =>
  typeof exported === 'object' &&
  exported !== null &&
  Object.keys(familyRules).every((rule) => Object.hasOwn(exported, rule));
