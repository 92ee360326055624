// The error screen of a page that crashed: the shell stays, and no error report is sent.

import { useRouter, type ErrorComponentProps } from '@tanstack/react-router';

import { ProblemPanel } from '../parts/ProblemPanel';

export function ErrorScreen({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const again = () => {
    reset();
    void router.invalidate();
  };
  return <ProblemPanel error={error} retry={again} />;
}
