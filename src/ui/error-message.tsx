/** What went wrong, for the reader; nothing while all is well. */
export function ErrorMessage({ text }: { readonly text: string | undefined }) {
  if (text === undefined || text === "") return null;
  return (
    <p class="failure" role="alert">
      {text}
    </p>
  );
}
