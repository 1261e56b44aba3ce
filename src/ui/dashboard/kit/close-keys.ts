/** Escape closes a panel from anywhere in it. */
export function closesOnEscape(close: () => void) {
  return (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    close();
  };
}
