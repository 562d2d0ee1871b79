"""Creates the tables, and three users and an issue where there are none."""

from newsletter.models import Base, Issue, Session, User, engine

Base.metadata.create_all(engine)
with Session.begin() as session:
    if session.get(Issue, 1) is None:
        session.add(Issue(id=1, subject="Hello", body="The first issue"))
        session.add_all(User(email=f"reader{i}@example.com") for i in range(3))
