// What remains when a page breaks: the person keeps the shell, and nothing is sent anywhere.

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
