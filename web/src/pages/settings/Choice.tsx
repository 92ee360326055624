// A choice between a few options, all of them visible.

export interface ChoiceProps<T extends string> {
  name: string;
  title: string;
  hint?: string;
  value: string;
  options: readonly { value: T; label: string; lang?: string }[];
  /** Set if nothing can be saved at the moment. */
  fixed: boolean;
  save: (value: T) => void;
}

export function Choice<T extends string>({ name, title, hint, value, options, fixed, save }: ChoiceProps<T>) {
  return (
    <fieldset className="panel setting" aria-describedby={hint === undefined ? undefined : `${name}-hint`}>
      <legend>{title}</legend>
      {hint !== undefined && (
        <p id={`${name}-hint`} className="muted">
          {hint}
        </p>
      )}
      <div className="setting-options">
        {options.map((option) => (
          <label key={option.value} className="setting-option" lang={option.lang}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={value === option.value}
              aria-disabled={fixed || undefined}
              onChange={() => (fixed ? undefined : save(option.value))}
            />
            {option.label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
