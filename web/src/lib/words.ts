// Sentences of the API in which names stand between backquotes.

export interface Word {
  readonly text: string;
  readonly code: boolean;
}

export function words(sentence: string): readonly Word[] {
  return sentence
    .split("`")
    .map((text, index) => ({ text, code: index % 2 === 1 }))
    .filter((word) => word.text !== "");
}
