// Phrases that a reader has to decode, and what says the same at once.

export interface Phrase {
  readonly pattern: RegExp;
  readonly instead: string;
}

export const phrases: readonly Phrase[] = [
  { pattern: /\bwhoever\b/i, instead: "name the actor: the caller, the reader, the client" },
  {
    // Not a question, and not "who" after its noun ("a client who …").
    pattern: /(?:^|[.:;!] +)Who (?!is it|are you)[a-z]+ (?!.*\?)/,
    instead: "name the actor: the caller, the reader, the client",
  },
  { pattern: /\bwanted\b/i, instead: "expected, requested or needed" },
  { pattern: /\banew\b/i, instead: "again, or recreated" },
  { pattern: /\bcomes? to be\b|\bcame to be\b/i, instead: "is created" },
  { pattern: /\b(?:is|are) to (?:hold|be|have)\b/i, instead: "must, or should" },
  { pattern: /\b(?:is|are|was|were) told\b/i, instead: "is reported, gets, or learns" },
  { pattern: /\basked (?:again|for)\b/i, instead: "retried, or requested" },
  { pattern: /\bof (?:its|their|our|my) own\b/i, instead: "its own, separate, or internal" },
  { pattern: /\blets? go of\b/i, instead: "releases, or drops" },
  { pattern: /\bgives? way\b/i, instead: "yields, or backs off" },
  { pattern: /, too(?:[,.:;)]|$)/, instead: "also, before the verb" },
  { pattern: /\b(?:is|are) none of\b/i, instead: "is not one of" },
  {
    pattern: /\b(?:it|this|that|which|value|body|there) is none\b/i,
    instead: "it is not one, or there is not any",
  },
  { pattern: /\bcomes? into being\b/i, instead: "is created" },
  { pattern: /\bseed 00\d\b/i, instead: "say what it is: nothing here is called a seed" },
];
