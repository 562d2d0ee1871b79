import os
import smtplib
from email.message import EmailMessage


def send(to: str, subject: str, body: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "news@example.com", to, subject
    message.set_content(body)
    with smtplib.SMTP(os.environ.get("SMTP_HOST", "localhost"), int(os.environ.get("SMTP_PORT", "8025")), timeout=10) as server:
        server.send_message(message)
